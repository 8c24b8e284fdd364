/** Which format a model file has, by its content: names lie. */
import type { ModelFormat } from './artifact.ts';
import { foreignFile, foreignZip, isText, startsWith } from './foreign-files.ts';
import { ZipReader } from './keras/read/zip.ts';
import { MODEL_LIMITS } from './limits.ts';
import { invalidFile, ModelError } from './model-error.ts';
import { modelJsonIn } from './tfjs/archive-names.ts';

const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const ZIP_SIGNATURE = [0x50, 0x4b, 0x03, 0x04];
/** How far into a file HDF5's signature may stand (after a user block): 512, 1024, 2048 … */
const HDF5_LAST_OFFSET = 64 * 1024;

/** Throws a ModelError saying what the file is instead and how to export it, where it can tell. */
export function detectFormat(bytes: Uint8Array): ModelFormat {
  if (bytes.length === 0) throw invalidFile('the file is empty');
  if (isZip(bytes)) return zipFormat(bytes);
  for (let offset = 0; offset <= HDF5_LAST_OFFSET; offset = Math.max(512, offset * 2)) {
    if (startsWith(bytes, HDF5_SIGNATURE, offset)) return 'keras-h5';
  }
  if (looksLikeTfjs(bytes)) return 'tfjs';
  const foreign = foreignFile(bytes);
  if (foreign !== undefined)
    throw invalidFile(`the file is no model that is read: ${foreign.what}`, foreign.hint);
  if (looksLikeOnnx(bytes)) return 'onnx';
  throw invalidFile(
    'the file is no model: its signature is unknown',
    'Keras .h5 and .keras files, TensorFlow.js layers models (model.json) and ONNX files are read.',
  );
}

export function isZip(bytes: Uint8Array): boolean {
  return startsWith(bytes, ZIP_SIGNATURE);
}

function zipFormat(bytes: Uint8Array): ModelFormat {
  let names: readonly string[];
  try {
    names = new ZipReader(bytes).names;
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    // PyTorch writes archives that only its own reader takes whole.
    const first = new TextDecoder().decode(bytes.subarray(30, 30 + (bytes[26] ?? 0)));
    names = [first];
  }
  if (names.includes('config.json')) return 'keras';
  if (modelJsonIn(names) !== undefined) return 'tfjs';
  const foreign = foreignZip(names);
  if (foreign === undefined) return 'keras';
  throw invalidFile(`the file is no model that is read: ${foreign.what}`, foreign.hint);
}

/** JSON with the fields of TensorFlow.js' model.json; whether it is a layers model is told as it is read. */
function looksLikeTfjs(bytes: Uint8Array): boolean {
  if (
    bytes.length > MODEL_LIMITS.tfjsManifest_bytes ||
    !/^\ufeff?\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))
  ) {
    return false;
  }
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return text.includes('"modelTopology"') || text.includes('"weightsManifest"');
}

/** A ModelProto begins with a field of its own: ir_version (08 and a small number) in nearly all files. */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  const [tag, value = 0] = bytes;
  if (tag === 0x08) return value > 0 && value < 64;
  return (tag === 0x12 || tag === 0x3a || tag === 0x42) && bytes.length > 16 && !isText(bytes);
}
