/** Files of other programs that people take for models to register: what each is, and the way from it to one that is. */

export interface ForeignFile {
  readonly what: string;
  readonly hint: string;
}

const READ = 'Keras .h5 and .keras files, TensorFlow.js layers models (model.json) and ONNX files are read.';
const PYTORCH: ForeignFile = {
  what: 'it is a PyTorch file, which holds Python code or weights without the layers',
  hint: 'Load the model in PyTorch, export it with torch.onnx.export(model, example, "model.onnx") and register that file.',
};
const SAVED_MODEL: ForeignFile = {
  what: 'it is a TensorFlow SavedModel',
  hint: 'Save the Keras model with model.save("model.keras"), or convert it: python -m tf2onnx.convert --saved-model FOLDER --output model.onnx.',
};
const CORE_ML: ForeignFile = {
  what: 'it is a Core ML model',
  hint: 'Export the model that it was made from to ONNX, or save it from Keras.',
};
const NUMPY: ForeignFile = {
  what: 'it holds NumPy arrays, weights without the layers',
  hint: 'Load the weights into the model in Keras and save it with model.save("model.keras").',
};

/** How far into a file words are looked for. */
const SEARCHED_BYTES = 1 << 20;
/** How PyTorch before 1.6 marked its files, inside a pickle. */
const OLD_PYTORCH = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];
const TENSOR_BUNDLE_END = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

interface Signature extends ForeignFile {
  matches(bytes: Uint8Array): boolean;
}

const SIGNATURES: readonly Signature[] = [
  {
    what: 'it holds zeros',
    hint: READ,
    matches: (bytes) => bytes.subarray(0, 4096).every((byte) => byte === 0),
  },
  {
    what: 'it is a TensorFlow Lite model',
    hint: 'Convert it with python -m tf2onnx.convert --tflite model.tflite --output model.onnx, or save the model that it was made from with Keras.',
    matches: (bytes) => startsWith(bytes, ascii('TFL3'), 4),
  },
  { ...PYTORCH, matches: (bytes) => isPickle(bytes) && positionOf(bytes.subarray(0, 64), OLD_PYTORCH) >= 0 },
  {
    what: 'it is a Python pickle, which is a program and never run',
    hint: 'Load it in Python and save the model with model.save("model.keras"), or export it to ONNX (scikit-learn: skl2onnx).',
    matches: isPickle,
  },
  {
    what: 'it is a safetensors file, weights without the layers',
    hint: 'Load the weights into the model and export it to ONNX (Hugging Face: optimum-cli export onnx --model NAME FOLDER).',
    matches: isSafetensors,
  },
  {
    what: 'it is a GGUF file of a language model',
    hint: READ,
    matches: (bytes) => startsWith(bytes, ascii('GGUF')),
  },
  { ...NUMPY, matches: (bytes) => startsWith(bytes, [0x93, ...ascii('NUMPY')]) },
  {
    what: 'it is compressed with gzip',
    hint: 'Unpack it and register the model file in it.',
    matches: (bytes) => startsWith(bytes, [0x1f, 0x8b]),
  },
  {
    what: 'it is a tar archive',
    hint: 'Unpack it and register the model file in it.',
    matches: (bytes) => startsWith(bytes, ascii('ustar'), 257),
  },
  {
    what: 'it is the index of a TensorFlow checkpoint, weights without the layers',
    hint: NUMPY.hint,
    matches: (bytes) => bytes.length > 48 && startsWith(bytes, TENSOR_BUNDLE_END, bytes.length - 8),
  },
  { ...CORE_ML, matches: (bytes) => isMessageInMessage(bytes) && hasWord(bytes, 'coremltools') },
  { ...SAVED_MODEL, matches: (bytes) => isMessageInMessage(bytes) && hasWord(bytes, 'serve', 'tensorflow') },
  { ...CORE_ML, matches: isMessageInMessage },
  {
    what: 'it is a graph of TensorFlow (GraphDef)',
    hint: 'Convert it with python -m tf2onnx.convert --graphdef model.pb --inputs NAMES --outputs NAMES --output model.onnx.',
    matches: (bytes) =>
      bytes[0] === 0x0a && bytes.length > 16 && !isText(bytes) && hasWord(bytes, 'Placeholder', 'Const'),
  },
  {
    what: 'it is an OpenVINO model',
    hint: 'Register the ONNX or Keras file that it was made from.',
    matches: (bytes) => isText(bytes) && hasWord(bytes.subarray(0, 512), '<net '),
  },
  {
    what: "it is a Keras model's architecture as JSON, without its weights",
    hint: 'Save the whole model with model.save("model.keras").',
    matches: (bytes) => isText(bytes) && bytes[0] === 0x7b && hasWord(bytes, '"class_name"'),
  },
];

/** What the file is, when it is known and no model that is read. */
export function foreignFile(bytes: Uint8Array): ForeignFile | undefined {
  const known = SIGNATURES.find((signature) => signature.matches(bytes));
  if (known !== undefined) return known;
  if (!isText(bytes)) return undefined;
  const start = new TextDecoder().decode(bytes.subarray(0, 40)).replace(/\s+/g, ' ').trim();
  return { what: `it is text ("${start}…")`, hint: READ };
}

/** The same for a zip archive, by the names in it. */
export function foreignZip(names: readonly string[]): ForeignFile | undefined {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  if (has(/(^|\/)(data|constants)\.pkl$|(^|\/)archive_format$/)) return PYTORCH;
  if (has(/(^|\/)(saved_model|keras_metadata)\.pb$/)) return SAVED_MODEL;
  if (has(/com\.apple\.CoreML/)) return CORE_ML;
  if (has(/\.npy$/)) return NUMPY;
  const model = names.find((name) => /\.(h5|keras|onnx)$/i.test(name));
  if (model !== undefined && !names.includes('model.weights.h5')) {
    return {
      what: `it is a zip archive around ${model}`,
      hint: 'Unpack it and register the model file in it.',
    };
  }
  return undefined;
}

export function startsWith(bytes: Uint8Array, signature: readonly number[], offset = 0): boolean {
  return signature.every((byte, i) => bytes[offset + i] === byte);
}

export function isText(bytes: Uint8Array): boolean {
  return bytes
    .subarray(0, 512)
    .every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}

function ascii(text: string): number[] {
  return [...text].map((character) => character.charCodeAt(0));
}

function positionOf(bytes: Uint8Array, wanted: readonly number[]): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).indexOf(Buffer.from(wanted));
}

function hasWord(bytes: Uint8Array, ...words: readonly string[]): boolean {
  const searched = bytes.subarray(0, SEARCHED_BYTES);
  return words.some((word) => positionOf(searched, ascii(word)) >= 0);
}

/** PROTO and a version from 2 to 5. */
function isPickle([proto, version = 0]: Uint8Array): boolean {
  return proto === 0x80 && version >= 2 && version <= 5;
}

/** The length of a JSON header in eight bytes, then the header. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.length < 10 || bytes[8] !== 0x7b) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  return length > 1n && length <= BigInt(bytes.length - 8) && hasWord(bytes, '"dtype"', '"__metadata__"');
}

/**
 * A version, then a message that begins with a message: SavedModel and Core ML. ONNX has the name of a program there,
 * which is text.
 */
function isMessageInMessage(bytes: Uint8Array): boolean {
  if (bytes[0] !== 0x08 || bytes[2] !== 0x12) return false;
  let at = 3;
  while (at < 8 && ((bytes[at] ?? 0) & 0x80) !== 0) at++;
  return bytes[at + 1] === 0x0a;
}
