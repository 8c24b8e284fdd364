/** Builds the typed graph of a Keras model: calls its layers in the order of their connections, models within too. */
import { type Graph, GraphBuilder } from '../graph/graph.ts';
import type { LayerRef } from '../graph/layer-ref.ts';
import type { Value } from '../graph/ops/definition.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { invalidLayer, tooLarge, unsupported, unsupportedPart } from '../model-error.ts';
import { callLayer, checkArguments, type ImportSession, type LayerInstance } from './call.ts';
import type { KerasMajor } from './config/activations.ts';
import type { LayerConfig, ModelConfig, TensorRef } from './config/architecture.ts';
import { isList, show } from './config/json.ts';
import type { WeightSource } from './read/weight-source.ts';

export interface ImportedLayer {
  /** Path of layer names: `features/conv1`. */
  readonly name: string;
  readonly className: string;
  readonly outputShape: readonly number[];
  /** Numbers in the layer's own weights; 0 for a model, whose layers are listed by themselves. */
  readonly parameterCount: number;
}

/** What the model is fed, as the file declares it. */
export interface DeclaredInput {
  readonly name: string;
  readonly ref: LayerRef;
  readonly shape: readonly number[];
}

export interface ImportOptions {
  /** Makes the node of an input and whatever is to come before the model's first layer. */
  readonly feed: (input: DeclaredInput, inputs: readonly DeclaredInput[], builder: GraphBuilder) => Value;
  /** Path of the layer whose output is served in place of the model's own. */
  readonly output: string | undefined;
}

export interface ImportedModel {
  readonly graph: Graph;
  readonly layers: readonly ImportedLayer[];
}

/** A model of the file: the file's own, or one that is a layer of another. */
interface ModelInstance {
  readonly config: ModelConfig;
  readonly layers: ReadonlyMap<string, LayerInstance>;
  readonly models: ReadonlyMap<string, ModelInstance>;
}

interface Recorded {
  readonly config: LayerConfig;
  readonly instance: LayerInstance | undefined;
  readonly values: Value[];
}

/**
 * @param model the architecture
 * @param source where the weights are
 * @param keras which Keras wrote the file
 */
export function importModel(
  model: ModelConfig,
  source: WeightSource,
  keras: KerasMajor,
  options: ImportOptions,
): ImportedModel {
  const session: ImportSession = { builder: new GraphBuilder(), source, keras, weightCount: 0, callCount: 0 };
  const recorded = new Map<string, Recorded>();
  const root = instantiate(model, [], []);
  const declared = model.inputs.map((input) => declareInput(model, input));
  const fed = declared.map((input) => options.feed(input, declared, session.builder));
  const results = callModel(session, root, fed, recorded);
  const outputs =
    options.output === undefined
      ? results.map((value, i) => ({ name: outputName(model, i), value }))
      : [{ name: options.output, value: innerOutput(options.output, recorded) }];
  const layers = [...recorded.values()].map(({ config, instance, values }) => ({
    name: config.ref.name,
    className: config.className,
    outputShape: values[0]?.shape ?? [],
    parameterCount: [...(instance?.weights?.values() ?? [])].reduce(
      (sum, weight) => sum + weight.data.length,
      0,
    ),
  }));
  return { graph: session.builder.finish(outputs), layers };
}

/** Outputs are called after their layers; a layer that gives several is numbered. */
function outputName(model: ModelConfig, i: number): string {
  const name = model.outputs[i]?.layer ?? 'output';
  const earlier = model.outputs.slice(0, i).filter(({ layer }) => layer === name).length;
  const unique = earlier === 0 ? name : `${name}:${earlier + 1}`;
  // A layer that is input and output at once would give two tensors one name.
  return model.inputs.some(({ layer }) => layer === unique) ? `${unique}:output` : unique;
}

function innerOutput(name: string, recorded: ReadonlyMap<string, Recorded>): Value {
  const layer = recorded.get(name);
  const [value, ...others] = layer?.values ?? [];
  if (layer === undefined || value === undefined) {
    const some = [...recorded.keys()].slice(-5).join(', ');
    throw unsupportedPart(
      `output "${name}"`,
      'the model has no layer of this name whose output could be served',
      `Its last layers are ${some}; layers of nested models are named model/layer.`,
    );
  }
  if (layer.config.className === 'InputLayer') {
    throw unsupported(
      layer.config.ref,
      'is an input, which is not served',
      'Name a layer that computes something.',
    );
  }
  if (others.length > 0) {
    throw unsupported(layer.config.ref, `is called ${layer.values.length} times: its output is not one`);
  }
  return value;
}

function instantiate(
  config: ModelConfig,
  names: readonly string[],
  storage: readonly string[],
): ModelInstance {
  const layers = new Map<string, LayerInstance>();
  const models = new Map<string, ModelInstance>();
  for (const layer of config.layers) {
    const location = { names: [...names, layer.name], storage: [...storage, layer.storageName] };
    if (layer.model !== undefined) {
      models.set(layer.name, instantiate(layer.model, location.names, location.storage));
    }
    layers.set(layer.name, { config: layer, location, weights: undefined });
  }
  return { config, layers, models };
}

function declareInput(model: ModelConfig, reference: TensorRef): DeclaredInput {
  const layer = model.layers.find(({ name }) => name === reference.layer);
  if (layer?.className !== 'InputLayer') {
    throw invalidLayer(
      layer?.ref ?? { name: reference.layer, className: 'unknown' },
      'is an input but no InputLayer',
    );
  }
  const { options } = layer;
  const declared = options.batch_shape ?? options.batch_input_shape ?? null;
  const hint = 'Save the model with a fixed input shape: keras.Input((224, 224, 3)).';
  if (declared === null) throw invalidLayer(layer.ref, 'the model declares no input size', hint);
  if (!isList(declared)) throw invalidLayer(layer.ref, `its shape is ${show(declared)}`);
  if (options.sparse === true || options.ragged === true) {
    throw unsupported(layer.ref, 'sparse and ragged inputs are not supported');
  }
  if (typeof options.dtype === 'string' && !/^(float32|float64|u?int\d+)$/.test(options.dtype)) {
    throw unsupported(layer.ref, `inputs of type ${show(options.dtype)} are not supported`);
  }
  const shape = declared.slice(1).map((size) => {
    if (size === null)
      throw invalidLayer(layer.ref, `the model declares no input size: ${show(declared)}`, hint);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) {
      throw invalidLayer(layer.ref, `its shape is ${show(declared)}`);
    }
    return size;
  });
  return { name: layer.name, ref: layer.ref, shape };
}

/** Calls every layer that the outputs need, without recursion over the (possibly very long) chain of layers. */
function callModel(
  session: ImportSession,
  model: ModelInstance,
  inputs: readonly Value[],
  recorded: Map<string, Recorded>,
): Value[] {
  const { config } = model;
  const values = new Map<string, Value>();
  const key = ({ layer, call }: TensorRef): string => `${call} ${layer}`;
  if (inputs.length !== config.inputs.length) {
    throw invalidLayer(
      { name: config.name, className: 'Model' },
      `takes ${config.inputs.length} inputs, is called with ${inputs.length}`,
    );
  }
  config.inputs.forEach((reference, i) => {
    const value = inputs[i];
    if (value !== undefined) values.set(key(reference), value);
    const layer = model.layers.get(reference.layer)?.config;
    if (layer !== undefined && value !== undefined) record(recorded, layer, undefined, value);
  });
  const open = new Set<string>();
  const stack = config.outputs.toReversed();
  for (let reference = stack.at(-1); reference !== undefined; reference = stack.at(-1)) {
    const name = key(reference);
    if (values.has(name)) {
      stack.pop();
      continue;
    }
    const instance = model.layers.get(reference.layer);
    const call = instance?.config.calls[reference.call];
    if (instance === undefined || call === undefined) {
      const ref = instance?.config.ref ?? { name: reference.layer, className: 'unknown' };
      throw invalidLayer(ref, `the model refers to its call ${reference.call}, which is not in the file`);
    }
    const missing = call.inputs.filter((input) => !values.has(key(input)));
    if (missing.length > 0) {
      if (open.has(name))
        throw invalidLayer(instance.config.ref, 'depends on its own output: the model has a cycle');
      open.add(name);
      stack.push(...missing.toReversed());
      continue;
    }
    stack.pop();
    session.callCount++;
    if (session.callCount > MODEL_LIMITS.nodes)
      throw tooLarge(`the model calls more than ${MODEL_LIMITS.nodes} layers`);
    const operands = call.inputs.flatMap((input) => values.get(key(input)) ?? []);
    const nested = model.models.get(reference.layer);
    let value: Value;
    if (nested === undefined) {
      value = callLayer(session, instance, call, operands);
    } else {
      checkArguments(instance.config, call, true);
      const [first, ...others] = callModel(session, nested, operands, recorded);
      if (first === undefined || others.length > 0) {
        throw unsupported(
          instance.config.ref,
          'a model with several outputs inside another is not supported',
        );
      }
      value = first;
    }
    values.set(name, value);
    record(recorded, instance.config, nested === undefined ? instance : undefined, value);
  }
  return config.outputs.flatMap((output) => values.get(key(output)) ?? []);
}

function record(
  recorded: Map<string, Recorded>,
  config: LayerConfig,
  instance: LayerInstance | undefined,
  value: Value,
): void {
  const known = recorded.get(config.ref.name);
  if (known !== undefined) known.values.push(value);
  else recorded.set(config.ref.name, { config, instance, values: [value] });
}
