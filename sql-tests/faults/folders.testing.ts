/** Folders with images of one colour each, named by it: what `channels` must answer stands in the file's name. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync, gunzipSync } from 'node:zlib';

const here = path.dirname(fileURLToPath(import.meta.url));
const SIZE_PX = 8;

export const graphs = path.join(here, 'fixtures');
export const kerasModels = path.join(here, '..', 'fixtures');

export interface Scratch {
  readonly folder: string;
  readonly dataDir: string;
  /** The one folder that the server may read. */
  readonly allowed: string;
  remove(): void;
}

export function makeScratch(name: string): Scratch {
  const folder = mkdtempSync(path.join(tmpdir(), `sqlens-${name}-`));
  const allowed = path.join(folder, 'allowed');
  mkdirSync(allowed);
  return {
    folder,
    dataDir: path.join(folder, 'data'),
    allowed,
    remove: () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  };
}

/** @returns the answer of `channels` for image number i, as PostgreSQL prints an array */
export function colourOf(i: number): readonly [number, number, number] {
  return [i & 255, (i >> 8) & 255, (i * 37) & 255];
}

export function writeColours(folder: string, from: number, to: number): void {
  mkdirSync(folder, { recursive: true });
  for (let i = from; i < to; i++) {
    writeFileSync(path.join(folder, `${colourOf(i).join('-')}.png`), colourPng(colourOf(i)));
  }
}

export function colourPng([r, g, b]: readonly [number, number, number]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIZE_PX, 0);
  header.writeUInt32BE(SIZE_PX, 4);
  header.set([8, 2], 8);
  const row = Buffer.from([0, ...Array.from({ length: SIZE_PX }, () => [r, g, b]).flat()]);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.concat(Array.from({ length: SIZE_PX }, () => row)))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(kind: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** Whether a row of (uri, channels(image)) is right. */
export function isRightRow([uri, channels]: readonly (string | null)[]): boolean {
  const expected = /([\d]+)-(\d+)-(\d+)\.png$/
    .exec(uri ?? '')
    ?.slice(1)
    .map(Number);
  const numbers = channels
    ?.replace(/[{}[\]\s]/g, '')
    .split(',')
    .map(Number);
  return (
    expected !== undefined &&
    numbers?.length === 3 &&
    expected.every((value, i) => Math.abs(value - (numbers[i] ?? -1)) < 0.01)
  );
}

/** A file of another room's fixtures, which stand there compressed. */
export async function unpackModel(name: string, folder: string): Promise<string> {
  const packed = await readFile(path.join(here, '..', '..', 'models', 'fixtures', `${name}.gz`));
  const target = path.join(folder, name);
  writeFileSync(target, gunzipSync(packed));
  return target;
}
