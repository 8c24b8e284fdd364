/**
 * Reads HDF5 files from memory. The file is a stranger's program: only plain groups, attributes and datasets inside
 * the file itself are read; links and storage that point elsewhere are refused.
 */
import { Dataset, File, Group, ready } from 'h5wasm';
import { messageOf } from '../../../common/errors.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidFile, ModelError, tooLarge } from '../../model-error.ts';
import { halfToFloat } from './half.ts';

const INTEGER_CLASS = 0;
const FLOAT_CLASS = 1;
let filesOpened = 0;

/** A dataset that was looked at but not read. */
export interface StoredTensor {
  readonly path: string;
  readonly shape: readonly number[];
  /** Reads the numbers as float32 (float64 is rounded, float16 widened). */
  read(): Float32Array;
}

type H5Module = Awaited<typeof ready>;

export class H5Reader {
  readonly #module: H5Module;
  readonly #file: File;
  readonly #path: string;
  readonly #children = new Map<string, ReadonlySet<string>>();
  readonly #checked = new Set<string>(['/']);

  private constructor(module: H5Module, file: File, path: string) {
    this.#module = module;
    this.#file = file;
    this.#path = path;
  }

  /**
   * Opens a file that lies in memory. The bytes are lent to the reader until `close`.
   * Throws a ModelError when they are not a readable HDF5 file.
   */
  static async open(bytes: Uint8Array): Promise<H5Reader> {
    const module = await ready;
    // Without this handler a corrupt compressed chunk reads as zeros.
    module.activate_throwing_error_handler();
    hideDevices(module);
    // HDF5 caches open files by name: every model gets a name of its own.
    const path = `/sqlens-${++filesOpened}.h5`;
    const lent = { canOwn: true, flags: undefined };
    module.FS.writeFile(path, bytes, lent);
    try {
      return new H5Reader(module, new File(path, 'r'), path);
    } catch (error) {
      module.FS.unlink(path);
      throw invalidFile('the HDF5 structure is damaged or cut off', undefined, error);
    }
  }

  /** Frees the memory; idempotent only in effect: call once. */
  close(): void {
    try {
      this.#file.close();
    } catch {
      // A damaged file may refuse to close; its memory goes with the unlink.
    } finally {
      this.#module.FS.unlink(this.#path);
    }
  }

  /** Names in a group, undefined when there is no such group. */
  children(path: string): ReadonlySet<string> | undefined {
    if (!this.#exists(path)) return undefined;
    const known = this.#children.get(path);
    if (known !== undefined) return known;
    const names = this.#guard(path, () => {
      if (this.#module.get_type(this.#file.file_id, path) !== this.#module.H5G_GROUP) return undefined;
      return new Set(new Group(this.#file.file_id, path).keys());
    });
    if (names !== undefined) this.#children.set(path, names);
    return names;
  }

  /** Strings of an attribute; undefined when there is none, an empty list when it holds no strings. */
  strings(path: string, name: string): string[] | undefined {
    if (!this.#exists(path)) return undefined;
    return this.#guard(path, () => {
      if (!this.#module.get_attribute_names(this.#file.file_id, path).includes(name)) return undefined;
      const attribute = new Group(this.#file.file_id, path).attrs[name];
      const value = attribute?.value;
      const ascii = attribute?.metadata.cset !== 1;
      const list = Array.isArray(value) ? value : [value];
      return list.filter((item) => typeof item === 'string').map((item) => (ascii ? asUtf8(item) : item));
    });
  }

  /** The dataset at a path; undefined when there is none. Throws when it is not one of floats stored in this file. */
  tensor(path: string): StoredTensor | undefined {
    if (!this.#exists(path)) return undefined;
    return this.#guard(path, () => {
      if (this.#module.get_type(this.#file.file_id, path) !== this.#module.H5G_DATASET) return undefined;
      const dataset = new Dataset(this.#file.file_id, path);
      const { metadata } = dataset;
      if (metadata.virtual_sources !== undefined)
        throw outside(path, 'is a virtual dataset over other files');
      const floats = metadata.type === FLOAT_CLASS && [2, 4, 8].includes(metadata.size);
      if (!(floats || isCounter(metadata)) || !metadata.littleEndian) {
        throw invalidFile(
          `${path} does not hold float16, float32 or float64 numbers`,
          'Save the model with float32 weights, not quantized.',
        );
      }
      const shape = metadata.shape ?? [];
      if (shape.length > MODEL_LIMITS.rank) throw tooLarge(`${path} has ${shape.length} axes`);
      return { path, shape, read: () => this.#guard(path, () => this.#numbers(dataset)) };
    });
  }

  #numbers(dataset: Dataset): Float32Array {
    const { metadata, path } = dataset;
    const size_bytes = metadata.total_size * metadata.size;
    if (size_bytes > MODEL_LIMITS.file_bytes) throw tooLarge(`${path} takes ${size_bytes} bytes`);
    const pointer = this.#module._malloc(size_bytes);
    if (pointer === 0) throw tooLarge(`no memory for the ${size_bytes} bytes of ${path}`);
    try {
      this.#module.get_dataset_data(this.#file.file_id, path, null, null, null, BigInt(pointer));
      const bytes = this.#module.HEAPU8.slice(pointer, pointer + size_bytes);
      if (metadata.type === INTEGER_CLASS) {
        return metadata.size === 4
          ? Float32Array.from(new Int32Array(bytes.buffer))
          : Float32Array.from(new BigInt64Array(bytes.buffer), Number);
      }
      switch (metadata.size) {
        case 2:
          return halfToFloat(new Uint16Array(bytes.buffer));
        case 4:
          return new Float32Array(bytes.buffer);
        default:
          return Float32Array.from(new Float64Array(bytes.buffer));
      }
    } finally {
      this.#module._free(pointer);
    }
  }

  /** Walks a path link by link, so that HDF5 itself never follows one that leaves the file. */
  #exists(path: string): boolean {
    if (this.#checked.has(path)) return true;
    const cut = path.lastIndexOf('/');
    const parent = path.slice(0, cut) || '/';
    const name = path.slice(cut + 1);
    if (!this.children(parent)?.has(name)) return false;
    this.#guard(path, () => {
      const { file_id } = this.#file;
      const target = this.#module.get_external_link(file_id, path);
      if (target.filename !== undefined) throw outside(path, `is an external link to ${target.filename}`);
      if (this.#module.get_symbolic_link(file_id, path) !== null) throw outside(path, 'is a soft link');
    });
    this.#checked.add(path);
    return true;
  }

  #guard<T>(path: string, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof ModelError) throw error;
      const reason = innermostReason(messageOf(error));
      const external = /external/i.test(messageOf(error));
      if (external) throw outside(path, `has its data outside of the file (${reason})`);
      throw invalidFile(`${path} cannot be read: ${reason}`, undefined, error);
    }
  }
}

/** One whole number: layers count what they have seen. Weights are never whole numbers, unless they are quantized. */
function isCounter({ type, size, total_size }: Dataset['metadata']): boolean {
  return type === INTEGER_CLASS && (size === 4 || size === 8) && total_size === 1;
}

function outside(path: string, problem: string): ModelError {
  return invalidFile(
    `${path} ${problem}`,
    'Only models that are whole in one file are read: save the model again.',
  );
}

/** HDF5 prints its call stack, outermost first; the last line with a description says what went wrong. */
function innermostReason(message: string): string {
  const reasons = [...message.matchAll(/^ *#\d+:.*?\(\): (.*)$/gm)].map((match) => match[1] ?? '');
  return reasons.at(-1) ?? message.split('\n')[0] ?? message;
}

/** External storage could name a device of the in-memory file system. */
function hideDevices(module: H5Module): void {
  for (const name of module.FS.readdir('/dev')) {
    if (['.', '..', 'shm'].includes(name)) continue;
    try {
      module.FS.unlink(`/dev/${name}`);
    } catch {
      // Folders stay: they hold no data.
    }
  }
}

const WINDOWS_1252 = new Map(
  Array.from({ length: 256 }, (_, byte) => [
    new TextDecoder('windows-1252').decode(Uint8Array.of(byte)),
    byte,
  ]),
);

/** Keras writes UTF-8 into strings that it declares as ASCII. */
function asUtf8(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range of ASCII
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  const bytes = [...text].map((character) => WINDOWS_1252.get(character));
  return new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte ?? 0x3f));
}
