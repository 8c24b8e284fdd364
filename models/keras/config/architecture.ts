/**
 * Reads the architecture of a model (Keras' JSON) into one form, whatever dialect it is in: a list of layers, and for
 * each the calls that connect it. Sequential models become a chain. Nothing is computed here.
 */
import type { LayerRef } from '../../graph/layer-ref.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidFile, invalidLayer, tooLarge, unsupported } from '../../model-error.ts';
import { countCallsFromZero } from './call-counts.ts';
import type { LayerCall, TensorRef } from './calls.ts';
import { isKeras2Call, parseCalls, parseModelTensors } from './connections.ts';
import { isList, isRecord, type Json, show } from './json.ts';
import { kerasSnakeCase } from './snake-case.ts';

export interface LayerConfig {
  /** Its name in its model. */
  readonly name: string;
  readonly ref: LayerRef;
  readonly className: string;
  /** True for operations of `keras.ops` and arithmetic on tensors, which stand in a model as layers do. */
  readonly operation: boolean;
  readonly options: Json;
  /** Set when the layer is itself a model. */
  readonly model: ModelConfig | undefined;
  readonly calls: readonly LayerCall[];
  /** The name that .keras files store its weights under: its class in snake case, counted in its model. */
  readonly storageName: string;
}

export interface ModelConfig {
  readonly name: string;
  readonly layers: readonly LayerConfig[];
  readonly inputs: readonly TensorRef[];
  readonly outputs: readonly TensorRef[];
  /** The names by which a dictionary of inputs, or outputs, goes with `inputs` and `outputs`. */
  readonly inputKeys?: readonly string[] | undefined;
  readonly outputKeys?: readonly string[] | undefined;
  /** A Sequential, whose input Keras does not show among its layers. */
  readonly sequential?: boolean;
}

const MODEL_CLASSES = ['Functional', 'Sequential', 'Model'];

/**
 * @param config the parsed JSON of `model_config` (.h5) or `config.json` (.keras)
 * Throws a ModelError naming the layer that is custom, unknown or not well formed.
 */
export function parseArchitecture(config: unknown): ModelConfig {
  if (!isRecord(config) || typeof config.class_name !== 'string') {
    throw invalidFile('the file holds no architecture of a Keras model');
  }
  const className = config.class_name;
  const name = isRecord(config.config) ? config.config.name : undefined;
  const ref = { name: typeof name === 'string' ? name : 'model', className };
  refuseCustom(ref, config);
  if (!MODEL_CLASSES.includes(className)) {
    throw unsupported(
      ref,
      'a subclassed model holds its architecture in Python code, which is not read',
      'Build it with the Functional API, or export it to ONNX and register that file.',
    );
  }
  return parseModel(ref, config.config, []);
}

function parseModel(ref: LayerRef, config: unknown, path: readonly string[]): ModelConfig {
  if (path.length > MODEL_LIMITS.nestedModels) throw tooLarge(`models are nested deeper than ${path.length}`);
  // Keras 2.2 and older wrote a Sequential's layers as a bare list.
  const fields: Json = isList(config) ? { layers: config } : isRecord(config) ? config : {};
  const entries = fields.layers;
  if (!isList(entries) || entries.length === 0) throw invalidLayer(ref, 'the model lists no layers');
  if (entries.length > MODEL_LIMITS.nodes) throw tooLarge(`the model has ${entries.length} layers`);
  const name = typeof fields.name === 'string' ? fields.name : ref.name;
  const counter = storageNames();
  const sequential = ref.className === 'Sequential';
  const layers = entries.map((entry) => parseLayer(entry, path, counter, sequential));
  const seen = new Set<string>();
  for (const layer of layers) {
    if (seen.has(layer.name)) throw invalidLayer(layer.ref, 'the model has two layers of this name');
    seen.add(layer.name);
  }
  if (sequential) return chain(name, layers, fields);
  const inputs = parseModelTensors(ref, 'input_layers', fields.input_layers);
  const outputs = parseModelTensors(ref, 'output_layers', fields.output_layers);
  const keras2 = entries.some(
    (entry) => isRecord(entry) && isList(entry.inbound_nodes) && isKeras2Call(entry.inbound_nodes[0]),
  );
  const model = { name, layers, inputs: inputs.tensors, outputs: outputs.tensors };
  return countCallsFromZero({ ...model, inputKeys: inputs.keys, outputKeys: outputs.keys }, keras2);
}

function parseLayer(
  entry: unknown,
  path: readonly string[],
  storageName: (className: string) => string,
  sequential: boolean,
): LayerConfig {
  if (!isRecord(entry) || typeof entry.class_name !== 'string') {
    throw invalidFile(`the architecture lists ${show(entry)} as a layer`);
  }
  const className = entry.class_name;
  const options: Json = isRecord(entry.config) ? entry.config : {};
  const named = entry.name ?? options.name;
  const name = typeof named === 'string' ? named : className.toLowerCase();
  const ref = { name: [...path, name].join('/'), className };
  refuseCustom(ref, entry);
  const isModel = MODEL_CLASSES.includes(className);
  return {
    name,
    ref,
    className,
    operation: isOperation(entry),
    options,
    model: isModel ? parseModel(ref, entry.config, [...path, name]) : undefined,
    calls: sequential ? [] : parseCalls(ref, entry.inbound_nodes),
    // Operations hold no weights, and Keras does not count them.
    storageName: isOperation(entry) ? '' : storageName(className === 'Model' ? 'Functional' : className),
  };
}

/** A layer that stands among the options of another one. Throws a ModelError as `parseArchitecture` does. */
export function parseWrappedLayer(outer: LayerConfig, entry: unknown): LayerConfig {
  const path = outer.ref.name.split('/');
  if (path.length > MODEL_LIMITS.nestedModels) throw tooLarge(`layers are nested deeper than ${path.length}`);
  if (!isRecord(entry)) throw invalidLayer(outer.ref, `the layer within it is ${show(entry)}`);
  return parseLayer(entry, path, () => '', true);
}

/** The chain of a Sequential: its input, then every layer called once on what the layer before it gave. */
function chain(name: string, layers: readonly LayerConfig[], fields: Json): ModelConfig {
  const [first] = layers;
  let chained = layers;
  if (first !== undefined && first.className !== 'InputLayer') {
    const shape =
      first.options.batch_input_shape ?? first.options.batch_shape ?? fields.build_input_shape ?? null;
    const inputName = `${first.name}_input`;
    const input: LayerConfig = {
      name: inputName,
      ref: { name: first.ref.name.replace(/[^/]*$/, inputName), className: 'InputLayer' },
      className: 'InputLayer',
      operation: false,
      options: { batch_shape: shape ?? modelInputShape(first.model) },
      model: undefined,
      calls: [],
      storageName: 'input_layer',
    };
    chained = [input, ...layers];
  }
  const connected = chained.map((layer, i): LayerConfig => {
    const before = chained[i - 1];
    if (before === undefined) return layer;
    const tensor = { layer: before.name, call: 0, tensor: 0 };
    return { ...layer, calls: [{ positional: [{ kind: 'tensor', tensor }], named: {} }] };
  });
  const ends = [connected[0], connected.at(-1)].map((layer) => ({
    layer: layer?.name ?? '',
    call: 0,
    tensor: 0,
  }));
  return { name, layers: connected, inputs: ends.slice(0, 1), outputs: ends.slice(1), sequential: true };
}

/** The input shape that a nested model declares for itself. */
function modelInputShape(model: ModelConfig | undefined): unknown {
  const input = model?.layers.find((layer) => layer.name === model.inputs[0]?.layer);
  return input?.options.batch_shape ?? input?.options.batch_input_shape ?? null;
}

/** Code that the file only names is not run, and what it would compute is not guessed. */
function refuseCustom(ref: LayerRef, entry: Json): void {
  const { module, registered_name: registered } = entry;
  const foreign =
    typeof module === 'string' && !/^(keras|tf_keras|tensorflow\.python\.keras)(\.|$)/.test(module);
  const custom = typeof registered === 'string' && registered.includes('>');
  if (foreign || custom || ref.className.includes('>')) {
    const name = typeof registered === 'string' ? registered : ref.className;
    throw unsupported(ref, `${name} is a custom object, whose code is not in the file`);
  }
  if (ref.className === 'Lambda') {
    throw unsupported(ref, 'it holds Python code, which is never run', 'Replace it with Keras layers.');
  }
}

/**
 * Keras writes `keras.src.ops.numpy` as the module of `keras.ops.add`. In .h5 files it leaves the module out (and cannot
 * read them again); there layers have an option `trainable`, operations have not.
 */
function isOperation({ module, class_name: className, config, inbound_nodes: calls }: Json): boolean {
  if (typeof module === 'string') return /\.ops(\.|$)/.test(module);
  const called = isList(calls) && isRecord(calls[0]) && !isKeras2Call(calls[0]);
  const model = typeof className === 'string' && MODEL_CLASSES.includes(className);
  return module === undefined && called && !model && isRecord(config) && !('trainable' in config);
}

/** Keras' own way from class names to the groups in .keras files. */
function storageNames(): (className: string) => string {
  const used = new Map<string, number>();
  return (className) => {
    // Keras goes by the class in its code, which once has another name than the one in the file.
    const base = kerasSnakeCase(className === 'GroupQueryAttention' ? 'GroupedQueryAttention' : className);
    const count = used.get(base) ?? 0;
    used.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  };
}
