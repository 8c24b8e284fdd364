import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { detectFormat } from './detect.ts';
import { ModelError } from './model-error.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const bytes = (...parts: readonly (number | string)[]): Uint8Array =>
  Buffer.concat(
    parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : Buffer.of(part))),
  );

/** What files begin with, cut from real ones. */
const FOREIGN: readonly (readonly [what: string, file: Uint8Array, message: RegExp, hint: RegExp])[] = [
  ['TensorFlow Lite', bytes(0x1c, 0, 0, 0, 'TFL3', 0x14, 0, 0x20, 0), /TensorFlow Lite/, /tf2onnx.*--tflite/],
  ['a pickle', bytes(0x80, 4, 0x95, 0x0e, 0, 0, 0, 0, 0, 0, 0, '}'), /pickle/, /model\.save/],
  [
    'PyTorch before 1.6',
    bytes(0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'),
    /PyTorch/,
    /torch\.onnx\.export/,
  ],
  [
    'safetensors',
    bytes(
      0x3a,
      0,
      0,
      0,
      0,
      0,
      0,
      0,
      '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}    ',
      0,
      0,
      0,
      0,
    ),
    /safetensors/,
    /ONNX/,
  ],
  [
    'a SavedModel',
    bytes(8, 1, 0x12, 0x20, 0x0a, 0x1c, 0x22, 5, 'serve', 0x2a, 6, '2.21.0'),
    /SavedModel/,
    /tf2onnx/,
  ],
  ['Core ML', bytes(8, 4, 0x12, 0x10, 0x0a, 0x0c, 0x0a, 5, 'image', 0x1a, 3, 1, 2, 3), /Core ML/, /ONNX/],
  [
    'a GraphDef',
    bytes(0x0a, 0x20, 0x0a, 1, 'x', 0x12, 0x0b, 'Placeholder', 0x2a, 0x0b),
    /GraphDef/,
    /tf2onnx/,
  ],
  ['NumPy', bytes(0x93, 'NUMPY', 1, 0, 'v'), /NumPy/, /model\.save/],
  ['gzip', bytes(0x1f, 0x8b, 8, 0), /gzip/, /Unpack/],
  ['tar', bytes('\0'.repeat(1), 'a'.repeat(256), 'ustar', 0), /tar archive/, /Unpack/],
  ['a language model', bytes('GGUF', 3, 0, 0, 0), /GGUF/, /Keras/],
  [
    'an architecture',
    text('{"class_name": "Sequential", "config": {}}'),
    /without its weights/,
    /model\.save/,
  ],
  ['OpenVINO', text('<?xml version="1.0"?><net name="m" version="11">'), /OpenVINO/, /ONNX/],
  ['text', text('hello, I am no model'), /it is text \("hello, I am no model…"\)/, /model\.json/],
  ['zeros', new Uint8Array(64), /zeros/, /ONNX/],
  ['PyTorch', zip('archive/data.pkl'), /PyTorch/, /torch\.onnx/],
  ['a SavedModel in a zip', zip('m/saved_model.pb', 'm/fingerprint.pb'), /SavedModel/, /tf2onnx/],
  ['Core ML in a zip', zip('Manifest.json', 'Data/com.apple.CoreML/model.mlmodel'), /Core ML/, /ONNX/],
  ['NumPy in a zip', zip('a.npy'), /NumPy/, /model\.save/],
  ['a model in a zip', zip('folder/model.h5'), /a zip archive around folder\/model\.h5/, /Unpack/],
];

describe('files of other programs are refused, saying what they are and what to do', () => {
  for (const [what, file, message, hint] of FOREIGN) {
    it(what, () => {
      assert.throws(
        () => detectFormat(file),
        (error) => {
          assert.ok(error instanceof ModelError);
          assert.match(error.message, message);
          assert.match(error.hint ?? '', hint);
          return true;
        },
      );
    });
  }
});

describe('formats that are read', () => {
  const cases: readonly (readonly [what: string, file: Uint8Array, format: string])[] = [
    ['.keras', zip('config.json', 'metadata.json', 'model.weights.h5'), 'keras'],
    [
      'model.json',
      text('\n { "format": "layers-model", "modelTopology": {}, "weightsManifest": [] }'),
      'tfjs',
    ],
    [
      'model.json in a zip',
      zip('web/model.json', 'web/group1-shard1of1.bin', '__MACOSX/web/model.json'),
      'tfjs',
    ],
    ['ONNX', bytes(8, 8, 0x12, 7, 'pytorch', 0x1a, 3, '2.1'), 'onnx'],
    [
      '.h5 behind a user block',
      Buffer.concat([new Uint8Array(512).fill(1), bytes(0x89, 'HDF\r\n', 0x1a, '\n')]),
      'keras-h5',
    ],
  ];
  for (const [what, file, format] of cases) {
    it(what, () => assert.equal(detectFormat(file), format));
  }
});

/** An archive of empty files. */
function zip(...names: readonly string[]): Uint8Array {
  const empty = deflateRawSync(new Uint8Array());
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  let at = 0;
  for (const name of names) {
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(empty.length, 18);
    local.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(8, 10);
    entry.writeUInt32LE(empty.length, 20);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(at, 42);
    locals.push(local, Buffer.from(name), empty);
    entries.push(entry, Buffer.from(name));
    at += local.length + name.length + empty.length;
  }
  const directory = Buffer.concat(entries);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(names.length, 8);
  end.writeUInt16LE(names.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, directory, end]);
}
