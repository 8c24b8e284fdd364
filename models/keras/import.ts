/** Builds the typed graph of a Keras model: calls its layers in the order of their connections, models within too. */
import { unreachable } from '../../common/errors.ts';
import type { LayerSummary } from '../artifact.ts';
import { type Graph, GraphBuilder, type GraphOutput } from '../graph/graph.ts';
import type { LayerRef } from '../graph/layer-ref.ts';
import type { Value } from '../graph/ops/definition.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { compilerDefect, invalidLayer, tooLarge, unsupported, unsupportedPart } from '../model-error.ts';
import {
  type CallableLayer,
  callLayer,
  type ImportSession,
  type LayerInstance,
  newInstance,
  type RefuseOtherMeaning,
} from './call.ts';
import type { KerasMajor } from './config/activations.ts';
import type { LayerConfig, ModelConfig } from './config/architecture.ts';
import { type Argument, type TensorRef, tensorsOf } from './config/calls.ts';
import { isList, show } from './config/json.ts';
import { type CallArgument, CallArguments } from './layers/arguments.ts';
import { type Wholeness, wholenessOf } from './layers/whole-numbers.ts';
import type { WeightSource } from './read/weight-source.ts';
import { type RecordedLayer, summarizeLayers } from './summary.ts';

/** What the model is fed, as the file declares it. */
export interface DeclaredInput {
  readonly name: string;
  readonly ref: LayerRef;
  readonly shape: readonly number[];
  /** Whole numbers are fed as such: ids of words reach an Embedding exactly. */
  readonly type: 'float32' | 'int32';
  /** Whole numbers that stand for truth values. */
  readonly truth: boolean;
  /** How Keras computes with them, where they are whole numbers. */
  readonly whole: Wholeness | undefined;
}

export interface ImportOptions {
  /** Makes the node of an input and whatever is to come before the model's first layer. */
  readonly feed: (input: DeclaredInput, inputs: readonly DeclaredInput[], builder: GraphBuilder) => Value;
  /** Path of the layer whose output is served in place of the model's own. */
  readonly output: string | undefined;
  /** Sizes for axes that the inputs leave free, without the batch. */
  readonly inputShape: readonly number[] | undefined;
  /** The length of a sequence of tokens that may have any. */
  readonly sequenceLength?: number | undefined;
  readonly refuseOtherMeaning?: RefuseOtherMeaning | undefined;
}

export interface ImportedModel {
  readonly graph: Graph;
  readonly layers: readonly LayerSummary[];
}

/** A model of the file: the file's own, or one that is a layer of another. */
interface ModelInstance {
  readonly config: ModelConfig;
  readonly layers: ReadonlyMap<string, LayerInstance>;
  readonly models: ReadonlyMap<string, ModelInstance>;
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
  const recorded = new Map<string, RecordedLayer>();
  const session: ImportSession = {
    builder: new GraphBuilder(),
    source,
    keras,
    weightCount: 0,
    callCount: 0,
    masks: new Map(),
    wholes: new Map(),
    makeCallable: (instance) => callableOf(session, instance),
    refuseOtherMeaning: options.refuseOtherMeaning,
  };
  const root = instantiate(model, [], []);
  const names = inputNames(model);
  const declared = model.inputs.map((input, i) => ({
    ...declareInput(model, input, options),
    name: names[i] ?? input.layer,
  }));
  const fed = declared.map((input) => {
    const value = options.feed(input, declared, session.builder);
    if (input.whole !== undefined) session.wholes.set(value, input.whole);
    return input.truth ? session.builder.add({ kind: 'cast', to: 'bool' }, [value], input.ref) : value;
  });
  const results = callModel(session, root, fed, recorded);
  const outputs =
    options.output === undefined
      ? results.map((value, i) => ({ name: outputName(model, i), value }))
      : innerOutputs(options.output, recorded);
  const graph = session.builder.finish(outputs);
  return { graph, layers: summarizeLayers(model, recorded, graph.nodes) };
}

/** Outputs are called after their layers; a layer that gives several is numbered. */
function outputName(model: ModelConfig, i: number): string {
  const key = model.outputKeys?.[i];
  if (key !== undefined) return inputNames(model).includes(key) ? `${key}:output` : key;
  const name = model.outputs[i]?.layer ?? 'output';
  const earlier = model.outputs.slice(0, i).filter(({ layer }) => layer === name).length;
  const unique = earlier === 0 ? name : `${name}:${earlier + 1}`;
  // A layer that is input and output at once would give two tensors one name.
  return inputNames(model).includes(unique) ? `${unique}:output` : unique;
}

/** Inputs are called after their layers, those of a dictionary by its keys. */
function inputNames(model: ModelConfig): readonly string[] {
  return model.inputs.map(({ layer }, i) => model.inputKeys?.[i] ?? layer);
}

/** Everything that the layer gives; a layer that gives several tensors has its outputs numbered. */
function innerOutputs(name: string, recorded: ReadonlyMap<string, RecordedLayer>): GraphOutput[] {
  const layer = recorded.get(name);
  const [values, ...others] = layer?.calls ?? [];
  if (layer === undefined || values === undefined) {
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
    throw unsupported(layer.config.ref, `is called ${layer.calls.length} times: its output is not one`);
  }
  return values.map((value, i) => ({ name: i === 0 ? name : `${name}:${i + 1}`, value }));
}

function instantiate(
  config: ModelConfig,
  names: readonly string[],
  storage: readonly string[],
  owner?: LayerInstance,
): ModelInstance {
  const layers = new Map<string, LayerInstance>();
  const models = new Map<string, ModelInstance>();
  for (const layer of config.layers) {
    const location = { names: [...names, layer.name], storage: [...storage, layer.storageName] };
    if (layer.model !== undefined) {
      models.set(layer.name, instantiate(layer.model, location.names, location.storage, owner));
    }
    layers.set(layer.name, newInstance(layer, location, owner));
  }
  return { config, layers, models };
}

/** A layer, or a model, that is wrapped in a layer. What it holds is not served by name. */
function callableOf(session: ImportSession, instance: LayerInstance): CallableLayer {
  const { config, location } = instance;
  if (config.model === undefined) return (given) => callLayer(session, instance, given);
  const model = instantiate(config.model, location.names, location.storage, instance);
  return (given) => callNested(session, model, given, new Map());
}

/** A model within another: what it is given as mask belongs to its inputs. */
function callNested(
  session: ImportSession,
  model: ModelInstance,
  given: CallArguments,
  recorded: Map<string, RecordedLayer>,
): Value[] {
  const inputs = inputsOf(model.config, given);
  const masks = given.tensors('mask') ?? [];
  if (masks.length > 0 && masks.length !== inputs.length) {
    throw unsupported(
      { name: model.config.name, className: 'Model' },
      'is called with masks for some inputs',
    );
  }
  masks.forEach((mask, i) => {
    const input = inputs[i];
    if (input !== undefined) session.masks.set(input, mask);
  });
  given.finish(true);
  return callModel(session, model, inputs, recorded);
}

/** The tensors that a nested model is called with, in the order of its inputs. */
function inputsOf({ inputs, inputKeys }: ModelConfig, given: CallArguments): readonly Value[] {
  const argument = given.get('inputs', 0);
  if (argument?.kind !== 'list' || argument.keys === undefined || inputKeys !== undefined)
    return given.inputs();
  // A dictionary for a model that takes a list: Keras goes by the names of the inputs.
  const { keys, items } = argument;
  return inputs.flatMap(({ layer }) => {
    const item = items[keys.indexOf(layer)];
    return item?.kind === 'tensor' ? [item.value] : [];
  });
}

function declareInput(
  model: ModelConfig,
  reference: TensorRef,
  { inputShape: given, sequenceLength }: Pick<ImportOptions, 'inputShape' | 'sequenceLength'>,
): DeclaredInput {
  const layer = model.layers.find(({ name }) => name === reference.layer);
  if (layer?.className !== 'InputLayer') {
    throw invalidLayer(
      layer?.ref ?? { name: reference.layer, className: 'unknown' },
      'is an input but no InputLayer',
    );
  }
  const { options } = layer;
  const declared = options.batch_shape ?? options.batch_input_shape ?? null;
  const hint =
    'Say it with OPTIONS (input_shape = [224, 224, 3]), or save the model with a fixed input shape.';
  if (declared === null) throw invalidLayer(layer.ref, 'the model declares no input size', hint);
  if (!isList(declared)) throw invalidLayer(layer.ref, `its shape is ${show(declared)}`);
  if (options.sparse === true || options.ragged === true) {
    throw unsupported(layer.ref, 'sparse and ragged inputs are not supported');
  }
  if (options.optional === true) {
    throw unsupported(
      layer.ref,
      'optional inputs are not supported',
      'Save the model with optional=False: its function takes every input.',
    );
  }
  if (typeof options.dtype === 'string' && !/^(float32|float64|u?int\d+|bool)$/.test(options.dtype)) {
    throw unsupported(
      layer.ref,
      `inputs of type ${show(options.dtype)} are not supported`,
      'Declare the input with dtype="float32", and save the model again.',
    );
  }
  const fits = given?.length === declared.length - 1;
  const isSequence = declared.length === 2;
  const shape = declared.slice(1).map((declaredSize, axis) => {
    const free = fits ? given[axis] : isSequence ? sequenceLength : undefined;
    const size = declaredSize ?? free ?? null;
    if (size === null)
      throw invalidLayer(layer.ref, `the model declares no input size: ${show(declared)}`, hint);
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) {
      throw invalidLayer(layer.ref, `its shape is ${show(declared)}`);
    }
    if (fits && size !== given[axis]) {
      throw invalidLayer(
        layer.ref,
        `input_shape = [${given.join(', ')}] does not fit the model's ${show(declared)}`,
      );
    }
    return size;
  });
  const whole = typeof options.dtype === 'string' && /int|bool/.test(options.dtype);
  return {
    name: layer.name,
    ref: layer.ref,
    shape,
    type: whole ? 'int32' : 'float32',
    truth: options.dtype === 'bool',
    whole: wholenessOf(options.dtype),
  };
}

/** Calls every layer that the outputs need, without recursion over the (possibly very long) chain of layers. */
function callModel(
  session: ImportSession,
  model: ModelInstance,
  inputs: readonly Value[],
  recorded: Map<string, RecordedLayer>,
): Value[] {
  const { config } = model;
  const values = new Map<string, Value>();
  const key = ({ layer, call, tensor }: TensorRef): string => `${call} ${tensor} ${layer}`;
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
    if (layer !== undefined && value !== undefined) record(recorded, layer, undefined, [value]);
  });
  const lookUp = (reference: TensorRef): Value => {
    const value = values.get(key(reference));
    if (value === undefined) throw compilerDefect(`output of ${reference.layer} is used before it is made`);
    return value;
  };
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
    const missing = tensorsOf(call).filter((input) => !values.has(key(input)));
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
    const given = new CallArguments(
      instance.config.ref,
      call.positional.map((argument) => resolve(argument, lookUp)),
      Object.fromEntries(
        Object.entries(call.named).map(([name, argument]) => [name, resolve(argument, lookUp)]),
      ),
    );
    const nested = model.models.get(reference.layer);
    const results =
      nested === undefined
        ? callLayer(session, instance, given)
        : callNested(session, nested, given, recorded);
    if (results[reference.tensor] === undefined) {
      throw invalidLayer(
        instance.config.ref,
        `the model uses output ${reference.tensor + 1} of a call that gives ${results.length}`,
      );
    }
    results.forEach((value, tensor) => {
      values.set(key({ ...reference, tensor }), value);
    });
    record(recorded, instance.config, nested === undefined ? instance : undefined, results);
  }
  return config.outputs.flatMap((output) => values.get(key(output)) ?? []);
}

function record(
  recorded: Map<string, RecordedLayer>,
  config: LayerConfig,
  instance: LayerInstance | undefined,
  values: readonly Value[],
): void {
  const known = recorded.get(config.ref.name);
  if (known !== undefined) known.calls.push(values);
  else recorded.set(config.ref.name, { config, instance, calls: [values] });
}

function resolve(argument: Argument, lookUp: (reference: TensorRef) => Value): CallArgument {
  switch (argument.kind) {
    case 'tensor':
      return { kind: 'tensor', value: lookUp(argument.tensor) };
    case 'list':
      return { ...argument, items: argument.items.map((item) => resolve(item, lookUp)) };
    case 'literal':
      return argument;
    default:
      return unreachable(argument);
  }
}
