/**
 * Reads single files out of a zip archive that lies in memory. Strict where an archive could lie: the directory decides,
 * names must be unique, sizes and checksums must be true.
 */
import { inflateRawSync } from 'node:zlib';
import { messageOf } from '../../../common/errors.ts';
import { at } from '../../graph/weight.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidFile, tooLarge } from '../../model-error.ts';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const LOCAL_SIGNATURE = 0x04034b50;
const END_SIZE_BYTES = 22;
const STORED = 0;
const DEFLATED = 8;
/** Weights hardly compress: what grows more than this, and to more than this, is no model. */
const BOMB_RATIO = 100;
const BOMB_BYTES = 64 * 1024 * 1024;

interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly compressed_bytes: number;
  readonly size_bytes: number;
  readonly offset: number;
}

export class ZipReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #entries = new Map<string, Entry>();

  /** Reads the directory; throws a ModelError when the archive is damaged or past a limit. */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    try {
      this.#readDirectory();
    } catch (error) {
      if (error instanceof RangeError) throw damaged('its directory is cut off');
      throw error;
    }
  }

  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /** The contents of an entry, undefined when there is none. Stored entries are views of the archive. */
  read(name: string, limit_bytes: number): Uint8Array | undefined {
    const entry = this.#entries.get(name);
    if (entry === undefined) return undefined;
    if (entry.size_bytes > limit_bytes) {
      throw tooLarge(
        `${name} in the archive takes ${entry.size_bytes} bytes; at most ${limit_bytes} are read`,
      );
    }
    const { size_bytes, compressed_bytes } = entry;
    if (size_bytes > BOMB_BYTES && size_bytes > BOMB_RATIO * compressed_bytes) {
      throw tooLarge(`${name} in the archive inflates from ${compressed_bytes} to ${size_bytes} bytes`);
    }
    const data = this.#inflate(name, entry, this.#stored(name, entry));
    if (crc32Of(data) !== entry.crc) throw damaged(`${name} does not match its checksum`);
    return data;
  }

  #readDirectory(): void {
    const view = this.#view;
    let end = this.#bytes.length - END_SIZE_BYTES;
    const last = Math.max(0, end - 0xffff);
    while (end >= last && view.getUint32(end, true) !== END_SIGNATURE) end--;
    if (end < last) throw damaged('its directory is missing: the file was cut off');
    const count = view.getUint16(end + 10, true);
    let at = view.getUint32(end + 16, true);
    if (count === 0xffff || at === 0xffffffff) throw tooLarge('the archive is in zip64 format');
    if (count > MODEL_LIMITS.zipEntries) throw tooLarge(`the archive holds ${count} files`);
    for (let i = 0; i < count; i++) {
      if (view.getUint32(at, true) !== ENTRY_SIGNATURE) throw damaged('its directory is garbled');
      const nameLength = view.getUint16(at + 28, true);
      const name = new TextDecoder().decode(this.#bytes.subarray(at + 46, at + 46 + nameLength));
      if (name.startsWith('/') || name.split(/[\\/]/).includes('..')) {
        throw damaged(`it holds a file named ${name}, which points outside of the archive`);
      }
      if (this.#entries.has(name)) throw damaged(`it holds ${name} twice`);
      if (view.getUint16(at + 8, true) & 1) throw damaged(`${name} is encrypted`);
      this.#entries.set(name, {
        method: view.getUint16(at + 10, true),
        crc: view.getUint32(at + 16, true),
        compressed_bytes: view.getUint32(at + 20, true),
        size_bytes: view.getUint32(at + 24, true),
        offset: view.getUint32(at + 42, true),
      });
      at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    }
  }

  /** The entry's bytes as they lie in the archive. */
  #stored(name: string, entry: Entry): Uint8Array {
    const { offset } = entry;
    if (offset + 30 > this.#bytes.length || this.#view.getUint32(offset, true) !== LOCAL_SIGNATURE) {
      throw damaged(`${name} is not where the directory says`);
    }
    const start =
      offset + 30 + this.#view.getUint16(offset + 26, true) + this.#view.getUint16(offset + 28, true);
    const data = this.#bytes.subarray(start, start + entry.compressed_bytes);
    if (data.length !== entry.compressed_bytes) throw damaged(`${name} is cut off`);
    return data;
  }

  #inflate(name: string, entry: Entry, data: Uint8Array): Uint8Array {
    if (entry.method === STORED && data.length === entry.size_bytes) return data;
    if (entry.method !== DEFLATED) throw damaged(`${name} is compressed in an unknown way (${entry.method})`);
    let inflated: Uint8Array;
    try {
      inflated = inflateRawSync(data, { maxOutputLength: Math.max(entry.size_bytes, 1) });
    } catch (error) {
      throw damaged(`${name} cannot be inflated: ${messageOf(error)}`);
    }
    if (inflated.length !== entry.size_bytes)
      throw damaged(`${name} has not the size that the directory says`);
    return inflated;
  }
}

function damaged(problem: string) {
  return invalidFile(`the .keras archive is damaged: ${problem}`);
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

/** CRC-32 as zip has it (node:zlib has its own only from Node 22.2). */
export function crc32Of(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < data.length; i++) crc = at(CRC_TABLE, (crc ^ at(data, i)) & 0xff) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
