/** Mutations of good model files, each made from the seed and its number alone, so that one can be had again. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { deflateRawSync, gunzipSync } from 'node:zlib';
import type { CompileOptions } from '../artifact.ts';
import { compileModel } from '../compile.ts';
import { ZipReader } from '../keras/read/zip.ts';
import { type ModelFile, partsNeeded } from '../model-parts.ts';
import { mutateBytes, mutateHdf5 } from './mutate-bytes.ts';
import { mutateJson } from './mutate-json.ts';
import { mutateOnnx } from './mutate-onnx.ts';
import { Random } from './random.ts';
import { writeZip, type ZipFile } from './zip-writer.ts';

export interface Mutant {
  readonly file: ModelFile;
  /** From which file and by which changes it was made. */
  readonly what: string;
}

export const MUTANT_OPTIONS: CompileOptions = { preprocess: 'none', output: undefined };

const MODELS = new URL('../', import.meta.url);
/** Larger ones take their time without being otherwise. */
const SEED_BYTES_MAX = 60_000;
const MIB = 2 ** 20;

interface Good {
  readonly keras: readonly string[];
  readonly h5: readonly string[];
  readonly tfjs: readonly string[];
  readonly onnx: readonly ModelFile[];
}

export class Mutants {
  readonly seed: number;
  readonly #good: Good;

  private constructor(seed: number, good: Good) {
    this.seed = seed;
    this.#good = good;
  }

  static async open(seed: number): Promise<Mutants> {
    const keras = listed('keras/fixtures', '.keras');
    const h5 = listed('keras/fixtures', '.h5.gz');
    const tfjs = readdirSync(new URL('tfjs/fixtures/', MODELS))
      .filter((name) => existsSync(new URL(`tfjs/fixtures/${name}/model.json`, MODELS)))
      .sort();
    const onnx = ['nchw', 'nhwc', 'uint8', 'float16', 'batch1', 'two-outputs', 'vector'].map((name) => ({
      name: `${name}.onnx`,
      bytes: read(`fixtures/${name}.onnx.gz`),
    }));
    // What the compiler writes has many more kinds of nodes.
    const random = new Random(seed);
    while (onnx.length < 30) {
      const path = random.pick(keras);
      const compiled = await compileModel({ name: path, bytes: read(path) }, MUTANT_OPTIONS).catch(
        () => undefined,
      );
      if (compiled !== undefined) onnx.push({ name: `${nameOf(path)}.onnx`, bytes: compiled.onnx });
    }
    return new Mutants(seed, { keras, h5, tfjs, onnx });
  }

  /** The mutant of this number. */
  make(number: number): Mutant {
    const random = new Random(Math.imul(this.seed, 0x9e3779b1) + number);
    const kind = random.pick(['keras', 'keras', 'h5', 'h5', 'tfjs', 'tfjs', 'onnx', 'onnx'] as const);
    switch (kind) {
      case 'keras':
        return named(random.pick(this.#good.keras), (path) => ({ bytes: read(path) }), random, mutateArchive);
      case 'h5':
        return named(random.pick(this.#good.h5), (path) => ({ bytes: read(path) }), random, mutateH5);
      case 'tfjs':
        return named(
          `tfjs/fixtures/${random.pick(this.#good.tfjs)}/model.json`,
          readTfjs,
          random,
          mutateTfjs,
        );
      case 'onnx': {
        const { name, bytes } = random.pick(this.#good.onnx);
        const { what, bytes: changed } =
          random.below(3) === 0 ? mutateBytes(random, bytes) : mutateOnnx(random, bytes);
        return { file: { name, bytes: changed }, what: `${name}: ${what}` };
      }
    }
  }
}

interface Contents {
  readonly bytes: Uint8Array;
  readonly parts?: ReadonlyMap<string, Uint8Array>;
}

type Mutate = (random: Random, contents: Contents) => Contents & { readonly what: string };

function named(path: string, open: (path: string) => Contents, random: Random, mutate: Mutate): Mutant {
  const { what, bytes, parts } = mutate(random, open(path));
  return { file: { name: nameOf(path), bytes, parts }, what: `${path}: ${what}` };
}

const mutateArchive: Mutate = (random, { bytes }) => {
  const what = random.below(10);
  if (what === 0) return mutateBytes(random, bytes);
  const archive = new ZipReader(bytes);
  const files: ZipFile[] = archive.names.map((name) => ({
    name,
    data: archive.read(name, MIB) ?? new Uint8Array(),
  }));
  const change = (name: string, mutate: (data: Uint8Array) => { what: string; bytes: Uint8Array }) => {
    let done = '';
    const changed = files.map((file) => {
      if (file.name !== name) return file;
      const mutated = mutate(file.data);
      done = `${name}: ${mutated.what}`;
      return { name, data: mutated.bytes };
    });
    return { what: done, bytes: writeZip(changed) };
  };
  if (what < 6) return change('config.json', (data) => mutateText(random, data));
  if (what < 8) {
    const mutate = random.below(2) === 0 ? mutateHdf5 : mutateBytes;
    return change('model.weights.h5', (data) => mutate(random, data));
  }
  return lie(random, files);
};

/** Archives whose directory says something else than what they hold. */
function lie(random: Random, files: ZipFile[]): Contents & { what: string } {
  const i = random.below(files.length);
  const file = files[i] ?? { name: 'x', data: new Uint8Array() };
  const size = random.pick([0, 1, file.data.length + 1, file.data.length >> 1, 0x7fffffff, 0xfffffffe]);
  const lies: readonly (readonly [string, ZipFile])[] = [
    ['another size', { ...file, says: { size_bytes: size } }],
    ['another compressed size', { ...file, says: { compressed_bytes: size } }],
    ['both sizes', { ...file, says: { size_bytes: size, compressed_bytes: size } }],
    ['another method', { ...file, says: { method: random.pick([1, 8, 9, 12, 14, 99]) } }],
    ['encrypted', { ...file, says: { flags: 1 } }],
    ['elsewhere', { ...file, says: { offset: random.pick([0, 1, 1e6, 0xfffffffe]) } }],
    ['another checksum', { ...file, says: { crc: 0 } }],
    ['inflates', { ...file, data: new Uint8Array(70 * MIB), deflated: BOMB }],
    ['inflates to more than it says', { ...file, deflated: BOMB }],
  ];
  const [what, liar] = random.pick(lies);
  const name = random.pick([
    '../evil',
    '/etc/passwd',
    'a/../../b',
    '..\\evil',
    file.name,
    '',
    'x'.repeat(60_000),
  ]);
  switch (random.below(4)) {
    case 0:
      return {
        what: `a file named ${name.slice(0, 20)}`,
        bytes: writeZip([...files, { name, data: file.data }]),
      };
    case 1:
      return { what: `${file.name} is missing`, bytes: writeZip(files.filter((other) => other !== file)) };
    case 2:
      return {
        what: 'another count',
        bytes: writeZip(files, random.pick([0, 1, files.length + 1, 0xfffe, 0xffff])),
      };
    default:
      return { what: `${file.name}: ${what}`, bytes: writeZip(files.with(i, liar)) };
  }
}

const BOMB = deflateRawSync(new Uint8Array(70 * MIB));

const mutateH5: Mutate = (random, { bytes }) => {
  const what = random.below(6);
  if (what === 0) return mutateBytes(random, bytes);
  if (what < 3) return mutateHdf5(random, bytes);
  // The configuration stands in an attribute: what is put in its place must not be longer.
  const start = Buffer.from(bytes).indexOf('{"class_name"');
  const end = start < 0 ? -1 : jsonEnd(bytes, start);
  if (end < 0) return mutateBytes(random, bytes);
  for (let attempt = 0; attempt < 20; attempt++) {
    const mutated = mutateText(random, bytes.subarray(start, end));
    if (mutated.bytes.length > end - start) continue;
    const changed = Uint8Array.from(bytes);
    changed.fill(0x20, start, end);
    changed.set(mutated.bytes, start);
    return { what: `model_config: ${mutated.what}`, bytes: changed };
  }
  return mutateHdf5(random, bytes);
};

/** Where the object that begins at `start` ends; -1 when it does not. */
function jsonEnd(bytes: Uint8Array, start: number): number {
  let depth = 0;
  let inText = false;
  for (let at = start; at < bytes.length; at++) {
    const unit = bytes[at];
    if (inText) {
      if (unit === 0x5c) at++;
      else if (unit === 0x22) inText = false;
    } else if (unit === 0x22) inText = true;
    else if (unit === 0x7b) depth++;
    else if (unit === 0x7d && --depth === 0) return at + 1;
  }
  return -1;
}

const mutateTfjs: Mutate = (random, { bytes, parts = new Map() }) => {
  const what = random.below(8);
  if (what === 0) return { ...mutateBytes(random, bytes), parts };
  if (what === 1 && parts.size > 0) {
    const name = random.pick([...parts.keys()]);
    const changed = new Map(parts);
    if (random.below(3) === 0) {
      changed.delete(name);
      return { what: `${name} is missing`, bytes, parts: changed };
    }
    const part = parts.get(name);
    if (part === undefined || part.length === 0) return { what: 'nothing', bytes, parts };
    const mutated = mutateBytes(random, part);
    changed.set(name, mutated.bytes);
    return { what: `${name}: ${mutated.what}`, bytes, parts: changed };
  }
  const manifest: unknown = JSON.parse(Buffer.from(bytes).toString());
  if (what < 5 || typeof manifest !== 'object' || manifest === null) {
    const mutated = mutateJson(random, manifest);
    return { what: mutated.what, bytes: encode(mutated.value), parts };
  }
  // Most of a manifest is its topology; the list of weights would hardly be met.
  const { what: done, value } = mutateJson(random, Reflect.get(manifest, 'weightsManifest'));
  return { what: `weightsManifest: ${done}`, bytes: encode({ ...manifest, weightsManifest: value }), parts };
};

function mutateText(random: Random, data: Uint8Array): { what: string; bytes: Uint8Array } {
  const { what, value } = mutateJson(random, JSON.parse(Buffer.from(data).toString()));
  return { what, bytes: encode(value) };
}

function encode(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value) ?? 'null');
}

function readTfjs(path: string): Contents {
  const bytes = read(path);
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  return { bytes, parts: new Map(partsNeeded(bytes).map(({ name }) => [name, read(folder + name)])) };
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\.gz$/, '');
}

function read(path: string): Uint8Array {
  const bytes = readFileSync(new URL(path, MODELS));
  return path.endsWith('.gz') ? gunzipSync(bytes) : bytes;
}

function listed(folder: string, ending: string): string[] {
  return readdirSync(new URL(`${folder}/`, MODELS), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${folder}/${name}`)
    .filter((path) => readFileSync(new URL(path, MODELS)).length < SEED_BYTES_MAX)
    .sort();
}
