/** Puts one call of one layer into the graph: options, weights and activations, checked on the way. */
import type { GraphBuilder } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { Weight } from '../graph/weight.ts';
import { unsupported } from '../model-error.ts';
import { type Activation, type KerasMajor, parseActivation } from './config/activations.ts';
import type { LayerConfig } from './config/architecture.ts';
import { isRecord, show } from './config/json.ts';
import { OptionReader } from './config/options.ts';
import type { CallArguments } from './layers/arguments.ts';
import { featureAxis } from './layers/axis.ts';
import type { LayerContext } from './layers/definition.ts';
import { layerDefinition } from './layers/index.ts';
import { operationDefinition } from './operations/index.ts';
import type { LayerLocation, WeightSource } from './read/weight-source.ts';
import { readWeights } from './weights.ts';

/** What all calls of all layers of a file share. */
export interface ImportSession {
  readonly builder: GraphBuilder;
  readonly source: WeightSource;
  readonly keras: KerasMajor;
  /** Numbers in weights so far. */
  weightCount: number;
  /** Calls of layers so far, those within nested models counted each time. */
  callCount: number;
}

/** A layer of the file: its weights are read at its first call and shared by all. */
export interface LayerInstance {
  readonly config: LayerConfig;
  readonly location: LayerLocation;
  weights: ReadonlyMap<string, Weight> | undefined;
}

/** Adds the nodes of one call; throws a ModelError naming the layer. */
export function callLayer(
  session: ImportSession,
  instance: LayerInstance,
  given: CallArguments,
): readonly Value[] {
  const { config } = instance;
  const { ref } = config;
  const definition = config.operation
    ? operationDefinition(config.className)
    : layerDefinition(config.className);
  if (definition === undefined) {
    const kind = config.operation ? 'operations' : 'layers';
    throw unsupported(ref, `${kind} of class ${config.className} are not supported`);
  }
  checkPrecision(config);
  const options = new OptionReader(ref, config.options);
  const add: LayerContext['add'] = (op, operands) => session.builder.add(op, operands, ref);
  const activate = (activation: Activation, value: Value): Value => {
    switch (activation.kind) {
      case 'linear':
        return value;
      case 'function':
        return add({ kind: 'activation', fn: activation.fn }, [value]);
      case 'softmax': {
        const axis = featureAxis(context, activation.axis, value);
        return add({ kind: 'softmax', axis, log: activation.log }, [value]);
      }
    }
  };
  const context: LayerContext = {
    ref,
    options,
    arguments: given,
    keras: session.keras,
    weights: (shapes, frozen = []) => readWeights(session, instance, shapes, new Set(frozen)),
    add,
    activate,
    fusedActivation: (value) =>
      activate(parseActivation(options.raw('activation'), session.keras, ref), value),
  };
  const built = definition.build(context, given.inputs());
  options.finish();
  given.finish(definition.differsInTraining ?? false);
  if (instance.weights === undefined) readWeights(session, instance, {}, new Set());
  return 'id' in built ? [built] : built;
}

/** Everything is computed in float32: other precisions would round differently. */
function checkPrecision({ options, ref }: LayerConfig): void {
  const { dtype } = options;
  const policy = isRecord(dtype) && isRecord(dtype.config) ? dtype.config.name : dtype;
  if (policy === undefined || policy === null || policy === 'float32') return;
  throw unsupported(
    ref,
    `option dtype = ${show(policy)} is not supported; models compute in float32`,
    'Save the model with the float32 dtype policy.',
  );
}
