/** Puts one call of one layer into the graph: options, weights and activations, checked on the way. */
import type { GraphBuilder } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import { elementCount, Weight } from '../graph/weight.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { invalidLayer, tooLarge, unsupported } from '../model-error.ts';
import { type Activation, type KerasMajor, parseActivation } from './config/activations.ts';
import type { LayerCall, LayerConfig } from './config/architecture.ts';
import { isRecord, show } from './config/json.ts';
import { OptionReader } from './config/options.ts';
import { featureAxis } from './layers/axis.ts';
import type { LayerContext, WeightShapes, Weights } from './layers/definition.ts';
import { layerDefinition } from './layers/index.ts';
import type { LayerLocation, StoredWeight, WeightSource } from './read/weight-source.ts';

/** What all calls of all layers of a file share. */
export interface ImportSession {
  readonly builder: GraphBuilder;
  readonly source: WeightSource;
  readonly keras: KerasMajor;
  /** Numbers in weights so far. */
  weightCount: number;
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
  call: LayerCall,
  inputs: readonly Value[],
): Value {
  const { config } = instance;
  const { ref } = config;
  const definition = layerDefinition(config.className);
  if (definition === undefined)
    throw unsupported(ref, `layers of class ${config.className} are not supported`);
  checkArguments(config, call, definition.differsInTraining ?? false);
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
    keras: session.keras,
    weights: (shapes, frozen = []) => readWeights(session, instance, shapes, new Set(frozen)),
    add,
    activate,
    fusedActivation: (value) =>
      activate(parseActivation(options.raw('activation'), session.keras, ref), value),
  };
  const value = definition.build(context, inputs);
  options.finish();
  if (instance.weights === undefined) readWeights(session, instance, {}, new Set());
  return value;
}

/** Arguments of a call that would change what it computes. */
export function checkArguments(config: LayerConfig, call: LayerCall, differsInTraining: boolean): void {
  for (const [name, value] of Object.entries(call.arguments)) {
    if (value === null || value === false) continue;
    if (name === 'training' && !differsInTraining) continue;
    throw unsupported(config.ref, `is called with ${name} = ${show(value)}`);
  }
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

function readWeights<S extends WeightShapes>(
  session: ImportSession,
  instance: LayerInstance,
  shapes: S,
  frozen: ReadonlySet<PropertyKey>,
): Weights<S>;
function readWeights(
  session: ImportSession,
  instance: LayerInstance,
  shapes: WeightShapes,
  frozen: ReadonlySet<PropertyKey>,
): unknown {
  const { ref, options } = instance.config;
  const wanted = Object.entries(shapes).flatMap(([role, shape]) =>
    shape === undefined ? [] : [{ role, shape }],
  );
  instance.weights ??= new Map(
    match(instance, wanted, session.source.weightsOf(instance.location)).map(({ role, shape, stored }) => {
      session.weightCount += elementCount(shape);
      if (session.weightCount > MODEL_LIMITS.weights) {
        throw tooLarge(`the model has more than ${MODEL_LIMITS.weights} weights`);
      }
      const trainable = options.trainable !== false && !frozen.has(role);
      return [role, new Weight(`${ref.name}/${role}`, shape, stored.read(), trainable)];
    }),
  );
  for (const { role, shape } of wanted) {
    const weight = instance.weights.get(role);
    if (weight?.shape.join() !== shape.join()) {
      throw invalidLayer(ref, `is called with inputs that need ${role} weights of different shapes`);
    }
  }
  return Object.fromEntries(wanted.map(({ role }) => [role, instance.weights?.get(role)]));
}

interface Wanted {
  readonly role: string;
  readonly shape: readonly number[];
}

/** Finds each wanted weight among the stored ones: by name where the file has names, else by position. */
function match(
  { config, location }: LayerInstance,
  wanted: readonly Wanted[],
  stored: readonly StoredWeight[],
): (Wanted & { stored: StoredWeight })[] {
  const names = wanted.map(({ role }) => role).join(', ');
  if (stored.length === 0 && wanted.length > 0) {
    throw invalidLayer(
      config.ref,
      `its weights (${names}) are missing from the file (looked for ${location.names.join('/')})`,
    );
  }
  if (stored.length !== wanted.length) {
    throw invalidLayer(
      config.ref,
      `the file holds ${stored.length} weights for it where its options ask for ${wanted.length} (${names})`,
    );
  }
  const byRole = new Map(stored.map((weight) => [weight.role, weight]));
  const named = wanted.every(({ role }) => byRole.has(role));
  return wanted.map(({ role, shape }, i) => {
    const weight = named ? byRole.get(role) : stored[i];
    if (weight === undefined || weight.shape.join() !== shape.join()) {
      const found =
        weight === undefined || weight.shape[0] === -1 ? 'missing' : `(${weight.shape.join(', ')})`;
      throw invalidLayer(
        config.ref,
        `its ${role} should have shape (${shape.join(', ')}), in the file it is ${found}`,
      );
    }
    return { role, shape, stored: weight };
  });
}
