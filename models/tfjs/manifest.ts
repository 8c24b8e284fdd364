/** Reads `model.json` of a TensorFlow.js layers model: its topology, and which files hold which weights. */
import { messageOf } from '../../common/errors.ts';
import { elementCount } from '../graph/weight.ts';
import { isList, isRecord, type Json, show } from '../keras/config/json.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { invalidFile, tooLarge, unsupportedPart } from '../model-error.ts';

/** How a weight's numbers are stored when they are not float32: `number = stored * scale + min`. */
export type Quantization =
  | { readonly dtype: 'uint8' | 'uint16'; readonly scale: number; readonly min: number }
  | { readonly dtype: 'float16' };

export interface TfjsWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly quantization: Quantization | undefined;
  /** Where its bytes begin in those of its group, all files of which are one after the other. */
  readonly offset_bytes: number;
  readonly size_bytes: number;
}

export interface TfjsGroup {
  /** Names of files beside model.json, in order. */
  readonly paths: readonly string[];
  readonly weights: readonly TfjsWeight[];
  readonly size_bytes: number;
}

export interface TfjsManifest {
  /** `class_name` and `config`, as in Keras' own files. */
  readonly architecture: Json;
  /** `2.4.0`, `tfjs-layers 4.22.0` …; undefined where the file does not say. */
  readonly writtenBy: string | undefined;
  readonly groups: readonly TfjsGroup[];
}

const FLOATS = 'Save the model with float32 weights.';
const MAX_NAME_LENGTH = 255;
/** What JSON is made of, in UTF-8. */
const QUOTE = 0x22;
const COMMA = 0x2c;
const OPEN_LIST = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const ELEMENT_BYTES: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  complex64: 8,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
};

/**
 * @param bytes of model.json
 * Throws a ModelError: not JSON, a graph model, weights whose files or sizes cannot be.
 */
export function parseTfjsManifest(bytes: Uint8Array): TfjsManifest {
  if (bytes.byteLength > MODEL_LIMITS.tfjsManifest_bytes) {
    throw tooLarge(
      `model.json takes ${bytes.byteLength} bytes; at most ${MODEL_LIMITS.tfjsManifest_bytes} are read`,
    );
  }
  refuseExcess(bytes);
  let root: unknown;
  try {
    root = JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw invalidFile(`model.json is not JSON: ${messageOf(error)}`);
  }
  if (!isRecord(root)) throw invalidFile('model.json holds no model');
  const { modelTopology: topology, format } = root;
  if (format === 'graph-model' || (isRecord(topology) && (isList(topology.node) || 'library' in topology))) {
    throw unsupportedPart(
      'TensorFlow.js graph model',
      'only layers models are read',
      'Register the model it was converted from: a Keras .keras or .h5 file, or ONNX made from the SavedModel with tf2onnx. A layers model comes from tensorflowjs_converter --output_format=tfjs_layers_model.',
    );
  }
  if (!isRecord(topology)) {
    throw invalidFile(
      'model.json holds no modelTopology',
      'Save the whole model with model.save(); weights alone say nothing of the layers.',
    );
  }
  const architecture = isRecord(topology.model_config) ? topology.model_config : topology;
  if (!isList(root.weightsManifest)) throw invalidFile('model.json lists no weights (weightsManifest)');
  const groups = root.weightsManifest.map(readGroup);
  checkFiles(groups);
  const version = topology.keras_version;
  return { architecture, writtenBy: typeof version === 'string' ? version : undefined, groups };
}

/**
 * Sixteen megabytes of brackets take half a gigabyte and seconds to parse, and the manifest is parsed where others wait:
 * values and depth are counted first.
 */
function refuseExcess(bytes: Uint8Array): void {
  let depth = 0;
  let values = 0;
  let inText = false;
  for (let at = 0; at < bytes.length; at++) {
    const unit = bytes[at];
    if (inText) {
      if (unit === BACKSLASH) at++;
      else if (unit === QUOTE) inText = false;
      continue;
    }
    if (unit === QUOTE) inText = true;
    else if (unit === COMMA) values++;
    else if (unit === OPEN_LIST || unit === OPEN_OBJECT) {
      values++;
      depth++;
      if (depth > MODEL_LIMITS.manifestDepth) throw tooLarge('model.json is nested too deeply');
    } else if (unit === CLOSE_LIST || unit === CLOSE_OBJECT) depth--;
  }
  if (values > MODEL_LIMITS.manifestValues) {
    throw tooLarge(`model.json holds ${values} values; at most ${MODEL_LIMITS.manifestValues} are read`);
  }
}

function readGroup(group: unknown): TfjsGroup {
  if (!isRecord(group) || !isList(group.paths) || !isList(group.weights)) {
    throw invalidFile(`weightsManifest holds ${show(group)}`);
  }
  const paths = group.paths.map(readPath);
  let size_bytes = 0;
  const weights = group.weights.map((entry) => {
    const weight = readWeight(entry, size_bytes);
    size_bytes += weight.size_bytes;
    return weight;
  });
  return { paths, weights, size_bytes };
}

/** Only files beside model.json: no folders, nothing above, no other servers. */
function readPath(path: unknown): string {
  if (
    typeof path !== 'string' ||
    path === '' ||
    path.length > MAX_NAME_LENGTH ||
    /^\.\.?$|[/\\]|\p{C}/u.test(path)
  ) {
    throw invalidFile(
      `model.json names ${show(path)} as a file of weights`,
      'Weights have to lie in the folder of model.json, and be named without a path.',
    );
  }
  return path;
}

function readWeight(entry: unknown, offset_bytes: number): TfjsWeight {
  if (!isRecord(entry)) throw invalidFile(`weightsManifest lists ${show(entry)}`);
  const { name, shape, dtype, quantization } = entry;
  if (typeof name !== 'string' || typeof dtype !== 'string' || !isList(shape)) {
    throw invalidFile(`weightsManifest lists ${show(entry)}`);
  }
  if (shape.length > MODEL_LIMITS.rank) throw tooLarge(`weight "${name}" has ${shape.length} axes`);
  const sizes = shape.map((size) => {
    if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 0) return size;
    throw invalidFile(`weight "${name}" has shape ${show(shape)}`);
  });
  const stored = readQuantization(name, quantization);
  const storedType = stored?.dtype ?? dtype;
  const element_bytes = Object.hasOwn(ELEMENT_BYTES, storedType) ? ELEMENT_BYTES[storedType] : undefined;
  if (element_bytes === undefined) {
    throw unsupportedPart(`weight "${name}"`, `numbers of type ${show(storedType)} are not read`, FLOATS);
  }
  const size_bytes = elementCount(sizes) * element_bytes;
  if (!Number.isSafeInteger(size_bytes) || size_bytes > MODEL_LIMITS.file_bytes) {
    throw tooLarge(`weight "${name}" takes ${size_bytes} bytes`);
  }
  return { name, shape: sizes, dtype, quantization: stored, offset_bytes, size_bytes };
}

function readQuantization(name: string, value: unknown): Quantization | undefined {
  if (value === undefined || value === null) return undefined;
  if (isRecord(value)) {
    const { dtype, scale, min } = value;
    if (dtype === 'float16') return { dtype };
    if ((dtype === 'uint8' || dtype === 'uint16') && isNumber(scale) && isNumber(min))
      return { dtype, scale, min };
  }
  throw unsupportedPart(
    `weight "${name}"`,
    `its quantization is ${show(value)}`,
    'Weights may be quantized to uint8, uint16 or float16.',
  );
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function checkFiles(groups: readonly TfjsGroup[]): void {
  const paths = groups.flatMap((group) => group.paths);
  if (paths.length > MODEL_LIMITS.parts) {
    throw tooLarge(`the weights lie in ${paths.length} files; at most ${MODEL_LIMITS.parts} are read`);
  }
  if (new Set(paths).size !== paths.length) throw invalidFile('model.json names a file of weights twice');
  const size_bytes = groups.reduce((sum, group) => sum + group.size_bytes, 0);
  if (size_bytes > MODEL_LIMITS.file_bytes) throw tooLarge(`the weights take ${size_bytes} bytes`);
  for (const group of groups) {
    if (group.size_bytes > 0 && group.paths.length === 0) {
      throw invalidFile('model.json lists weights without a file that holds them');
    }
  }
}
