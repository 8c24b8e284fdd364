/** Which format a model file has, by its content: names lie. */
import type { ModelFormat } from './artifact.ts';
import { invalidFile } from './model-error.ts';

const HDF5_SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const ZIP_SIGNATURE = [0x50, 0x4b, 0x03, 0x04];
/** How far into a file HDF5's signature may stand (after a user block): 512, 1024, 2048 … */
const HDF5_LAST_OFFSET = 64 * 1024;

/** Throws a ModelError saying what the file is instead, where it can tell. */
export function detectFormat(bytes: Uint8Array): ModelFormat {
  if (bytes.length === 0) throw invalidFile('the file is empty');
  if (startsWith(bytes, ZIP_SIGNATURE)) return 'keras';
  for (let offset = 0; offset <= HDF5_LAST_OFFSET; offset = Math.max(512, offset * 2)) {
    if (startsWith(bytes, HDF5_SIGNATURE, offset)) return 'keras-h5';
  }
  if (looksLikeOnnx(bytes)) return 'onnx';
  throw invalidFile(
    `the file is no model: ${describe(bytes)}`,
    'Keras .h5 and .keras files and ONNX files are read.',
  );
}

function startsWith(bytes: Uint8Array, signature: readonly number[], offset = 0): boolean {
  return signature.every((byte, i) => bytes[offset + i] === byte);
}

/** A ModelProto begins with a field of its own: ir_version (08 and a small number) in nearly all files. */
function looksLikeOnnx(bytes: Uint8Array): boolean {
  const [tag, value = 0] = bytes;
  if (tag === 0x08) return value > 0 && value < 64;
  return (tag === 0x12 || tag === 0x3a || tag === 0x42) && bytes.length > 16 && !isText(bytes);
}

function isText(bytes: Uint8Array): boolean {
  return bytes
    .subarray(0, 512)
    .every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function describe(bytes: Uint8Array): string {
  if (bytes.subarray(0, 4096).every((byte) => byte === 0)) return 'it holds zeros';
  if (isText(bytes)) {
    const start = new TextDecoder().decode(bytes.subarray(0, 40)).replace(/\s+/g, ' ').trim();
    return `it is text ("${start}…")`;
  }
  if (startsWith(bytes, [0x1f, 0x8b])) return 'it is compressed with gzip';
  if (startsWith(bytes, [0x80])) return 'it looks like a Python pickle or a PyTorch file';
  if (startsWith(bytes, [0x54, 0x46, 0x4c, 0x33], 4)) return 'it is a TensorFlow Lite model';
  return 'its signature is unknown';
}
