/** Puts one call of one layer into the graph: options, weights and activations, checked on the way. */
import type { GraphBuilder } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { Weight } from '../graph/weight.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { tooLarge, unsupported } from '../model-error.ts';
import { type Activation, type KerasMajor, parseActivation } from './config/activations.ts';
import { type LayerConfig, parseWrappedLayer } from './config/architecture.ts';
import { isRecord, show } from './config/json.ts';
import { OptionReader } from './config/options.ts';
import { type CallArgument, CallArguments } from './layers/arguments.ts';
import { featureAxis } from './layers/axis.ts';
import type { LayerContext, LayerPart, WrappedLayer } from './layers/definition.ts';
import { layerDefinition } from './layers/index.ts';
import { dependsOnMask, maskAfter } from './layers/masks.ts';
import { type Wholeness, wholeAfter } from './layers/whole-numbers.ts';
import { featureActivation } from './operations/feature-activations.ts';
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
  /** Which steps of a value are valid, for values that carry a mask as Keras' tensors do. */
  readonly masks: Map<Value, Value>;
  /** Values that are whole numbers in Keras, whatever they are in the graph. */
  readonly wholes: Map<Value, Wholeness>;
  /** Makes a layer of its configuration: a model has layers of its own. */
  makeCallable(instance: LayerInstance): CallableLayer;
  /** Throws where the program that the file is for computes a layer otherwise than Keras does. */
  readonly refuseOtherMeaning: RefuseOtherMeaning | undefined;
}

export type RefuseOtherMeaning = (layer: LayerConfig, inputs: readonly Value[]) => void;

/** Puts a call into the graph. */
export type CallableLayer = (given: CallArguments) => readonly Value[];

/** A layer of the file: its weights are read at its first call and shared by all. */
export interface LayerInstance {
  readonly config: LayerConfig;
  readonly location: LayerLocation;
  /** Where else its weights may lie: files that name weights do not all name the layers within layers. */
  readonly otherLocations: readonly LayerLocation[];
  /** The layer that it is a part of. */
  readonly owner?: LayerInstance | undefined;
  /** Layers and cells within it, by where they are stored. */
  readonly parts: Map<string, LayerInstance>;
  readonly wrapped: Map<string, CallableLayer>;
  /** Its own weights, once they are read. */
  own: ReadonlyMap<string, Weight> | undefined;
  /** Its own and those of its parts. */
  weights: ReadonlyMap<string, Weight> | undefined;
}

/** A layer none of whose weights have been read. */
export function newInstance(
  config: LayerConfig,
  location: LayerLocation,
  owner?: LayerInstance,
  otherLocations: readonly LayerLocation[] = [],
): LayerInstance {
  return {
    config,
    location,
    owner,
    otherLocations,
    parts: new Map(),
    wrapped: new Map(),
    own: undefined,
    weights: undefined,
  };
}

/** The part of a layer that is stored there; always the same instance. */
function partOf(
  owner: LayerInstance,
  { storage, otherStorage, name }: LayerPart,
  config = owner.config,
): LayerInstance {
  const known = owner.parts.get(storage);
  if (known !== undefined) return known;
  const places = [owner.location, ...owner.otherLocations].flatMap((place) => {
    const within = (path: string): string[] => [
      ...place.storage.slice(0, -1),
      `${place.storage.at(-1) ?? ''}/${path}`,
    ];
    const paths = otherStorage === undefined ? [within(storage)] : [within(storage), within(otherStorage)];
    const names = name === undefined ? [place.names] : [[...place.names, name], place.names];
    return paths.flatMap((path) => names.map((named) => ({ names: named, storage: path })));
  });
  const [location = owner.location, ...others] = places;
  const part = newInstance(config, location, owner, others);
  owner.parts.set(storage, part);
  return part;
}

/** Adds the nodes of one call; throws a ModelError naming the layer. */
export function callLayer(
  session: ImportSession,
  instance: LayerInstance,
  given: CallArguments,
): readonly Value[] {
  const { config } = instance;
  const { ref } = config;
  // .h5 files do not say what is an operation.
  const [first, second] = config.operation
    ? [operationDefinition, layerDefinition]
    : [layerDefinition, operationDefinition];
  const definition = first(config.className) ?? second(config.className);
  if (definition === undefined) {
    const kind = config.operation ? 'operations' : 'layers';
    throw unsupported(ref, `${kind} of class ${config.className} are not supported`);
  }
  // What operations say of types is about their results.
  const isLayer = definition !== operationDefinition(config.className);
  if (isLayer) checkPrecision(config);
  const options = new OptionReader(ref, config.options);
  const add: LayerContext['add'] = (op, operands) => session.builder.add(op, operands, ref);
  const tensors = given.inputs();
  const masks = tensors.map((value) => session.masks.get(value));
  const wholes = given
    .everyTensor()
    .map((value) => session.wholes.get(value) ?? (value.type === 'int32' ? 'wide' : undefined));
  // What comes out carries on the mask that a call names, else that of the first input.
  const masking = given.get('mask');
  const named = masking?.kind === 'tensor' ? masking.value : undefined;
  // Keras 3 itself gives a layer the mask of its input only where the call holds nothing else.
  const alone = session.keras === 2 || given.tensorArguments() === 1;
  const mask = named ?? (alone ? masks[0] : undefined);
  let maskUsed = false;
  // What a layer within gives to each step.
  let wholeInside: Wholeness | undefined;
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
      case 'features':
        return featureActivation(context, activation.fn, activation.axis, value);
    }
  };
  const context: LayerContext = {
    ref,
    options,
    arguments: given,
    keras: session.keras,
    weights: (shapes, frozen = [], part = undefined) =>
      readWeights(session, part === undefined ? instance : partOf(instance, part), shapes, new Set(frozen)),
    wrapped(entry, part) {
      const layer = wrappedLayer(session, instance, entry, part);
      if (config.className !== 'TimeDistributed' || wholes[0] === undefined) return layer;
      const [whole] = wholes;
      return {
        ...layer,
        call(given, further) {
          for (const value of given) session.wholes.set(value, whole);
          const made = layer.call(given, further);
          wholeInside = made[0] && session.wholes.get(made[0]);
          return made;
        },
      };
    },
    mask() {
      maskUsed = true;
      return mask;
    },
    maskOf: (value) => session.masks.get(value),
    dropMask: (value) => session.masks.delete(value),
    setMask(value, ofValue) {
      if (ofValue !== undefined) session.masks.set(value, ofValue);
    },
    add,
    activate,
    fusedActivation: (value) =>
      activate(parseActivation(options.raw('activation'), session.keras, ref), value),
  };
  const keepTypes = definition.takesIntegers === true;
  const inputs = keepTypes ? tensors : tensors.map((value) => asFloat(value, add));
  session.refuseOtherMeaning?.(config, inputs);
  const built = definition.build(context, inputs);
  options.finish();
  // Keras 3 overrides what a call says of training by what the model is used for.
  given.finish(session.keras !== 3 && definition.differsInTraining === true);
  if (instance.own === undefined && instance.parts.size === 0) readWeights(session, instance, {}, new Set());
  const results = 'id' in built ? [built] : built;
  const whole =
    session.keras === 2
      ? undefined
      : (wholeInside ?? wholeAfter(config, wholes, given.literals(), results, inputs));
  // Operations know no masks: what they give has none.
  if (isLayer && mask !== undefined && !maskUsed && dependsOnMask(config.className)) {
    throw unsupported(ref, 'is given a mask, which is not supported for this layer');
  }
  const outputMask = isLayer
    ? maskAfter(config, tensors, named === undefined ? masks : [named], add)
    : undefined;
  return results.map((value) => {
    const passesThrough = inputs.includes(value);
    const otherMask = session.masks.get(value) !== outputMask;
    if (passesThrough && (otherMask || session.wholes.get(value) !== whole)) {
      const copy = add({ kind: 'reshape', shape: value.shape }, [value]);
      if (outputMask !== undefined) session.masks.set(copy, outputMask);
      if (whole !== undefined) session.wholes.set(copy, whole);
      return copy;
    }
    if (whole !== undefined) session.wholes.set(value, whole);
    if (outputMask !== undefined && !session.masks.has(value)) session.masks.set(value, outputMask);
    return value;
  });
}

/** Layers compute in float32, whatever they are given. */
function asFloat(value: Value, add: LayerContext['add']): Value {
  return value.type === 'float32' ? value : add({ kind: 'cast' }, [value]);
}

function wrappedLayer(
  session: ImportSession,
  owner: LayerInstance,
  entry: unknown,
  part: LayerPart,
): WrappedLayer {
  const known = owner.parts.get(part.storage);
  const config = known?.config ?? parseWrappedLayer(owner.config, entry);
  const named = { ...part, name: part.name ?? config.name };
  const instance = partOf(owner, named, config);
  let callable = owner.wrapped.get(part.storage);
  if (callable === undefined) {
    callable = session.makeCallable(instance);
    owner.wrapped.set(part.storage, callable);
  }
  const { ref, className } = config;
  const call = callable;
  return {
    ref,
    className,
    options: new OptionReader(ref, config.options),
    call(inputs, further = {}) {
      const items = inputs.map((value): CallArgument => ({ kind: 'tensor', value }));
      const [only, ...others] = items;
      const first: CallArgument = only !== undefined && others.length === 0 ? only : { kind: 'list', items };
      session.callCount++;
      if (session.callCount > MODEL_LIMITS.nodes)
        throw tooLarge(`the model calls more than ${MODEL_LIMITS.nodes} layers`);
      return call(new CallArguments(ref, [first], further));
    },
  };
}

/** Everything is computed in float32: other precisions would round differently. */
function checkPrecision({ options, ref }: LayerConfig): void {
  const { dtype } = options;
  // A policy by layers (DTypePolicyMap) has no name.
  const policy = isRecord(dtype) && isRecord(dtype.config) ? (dtype.config.name ?? dtype) : dtype;
  if (policy === undefined || policy === null || policy === 'float32') return;
  if (isRecord(dtype) && typeof dtype.class_name === 'string' && /^Quantized/.test(dtype.class_name)) {
    throw unsupported(
      ref,
      'its weights are quantized (model.quantize), which computes in whole numbers',
      'Save the model before it is quantized.',
    );
  }
  throw unsupported(
    ref,
    `option dtype = ${show(policy)} is not supported; models compute in float32`,
    'Save the model with the float32 dtype policy.',
  );
}
