import { deflateSync } from 'node:zlib';
import { fixture } from './fixtures.testing.ts';

/** Small files that ask for gigabytes: made here, from sound images whose sizes are overwritten. For tests alone. */

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  return crc;
});

function pngChunk(kind: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  let crc = 0xffffffff;
  for (const byte of body) crc = (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0) ^ (crc >>> 8);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE((crc ^ 0xffffffff) >>> 0, 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

/** A whole, valid PNG of one colour. */
export function flatPng(side_px: number, bitDepth: 1 | 8, colourType: 0 | 2): Buffer {
  const row_bytes = 1 + Math.ceil((side_px * bitDepth * (colourType === 2 ? 3 : 1)) / 8);
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side_px, 0);
  header.writeUInt32BE(side_px, 4);
  header.set([bitDepth, colourType, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(Buffer.alloc(row_bytes * side_px), { level: 1 })),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

function patched(name: string, change: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(fixture(name));
  change(bytes);
  return bytes;
}

function jpegOf(name: string, marker: number, width: number, height: number): Buffer {
  return patched(name, (bytes) => {
    const frame = bytes.indexOf(Buffer.from([0xff, marker]));
    bytes.writeUInt16BE(height, frame + 5);
    bytes.writeUInt16BE(width, frame + 7);
  });
}

/** The last scan of a progressive JPEG again and again: hours of work in a file of kilobytes. */
function manyScans(): Buffer {
  const bytes = fixture('progressive.jpg');
  const lastScan = bytes.subarray(bytes.lastIndexOf(Buffer.from([0xff, 0xda])), bytes.length - 2);
  return Buffer.concat([bytes.subarray(0, -2), ...Array(500).fill(lastScan), bytes.subarray(-2)]);
}

/** Writes a value into a little-endian TIFF's first directory. */
function setTiffTag(bytes: Buffer, tag: number, value: number): void {
  const directory = bytes.readUInt32LE(4);
  for (let entry = 0; entry < bytes.readUInt16LE(directory); entry++) {
    const at = directory + 2 + entry * 12;
    if (bytes.readUInt16LE(at) !== tag) continue;
    bytes.writeUInt16LE(4, at + 2);
    bytes.writeUInt32LE(value, at + 8);
  }
}

/** Files that must be refused for their size, by name. */
export function tooLargeImages(): ReadonlyMap<string, Buffer> {
  return new Map([
    ['40,000² PNG', flatPng(40_000, 1, 0)],
    ['16,000² AVIF', fixture('bomb.avif')],
    ['65,500² JPEG', jpegOf('rgb.jpg', 0xc0, 65_500, 65_500)],
    ['65,500² progressive JPEG', jpegOf('progressive.jpg', 0xc2, 65_500, 65_500)],
    ['60,000×4,000 grey JPEG', jpegOf('grey.jpg', 0xc0, 60_000, 4_000)],
    ['30,000² CMYK JPEG', jpegOf('cmyk.jpg', 0xc0, 30_000, 30_000)],
    ['progressive JPEG of 500 scans', manyScans()],
    [
      '60,000² GIF',
      patched('rgb.gif', (bytes) => {
        for (const side of [6, 8]) bytes.writeUInt16LE(60_000, side);
        const descriptor = bytes.indexOf(Buffer.from([0x2c, 0, 0, 0, 0, 24, 0, 16, 0]));
        for (const side of [5, 7]) bytes.writeUInt16LE(60_000, descriptor + side);
      }),
    ],
    // Two fields of 14 bits, each one less than the side.
    ['16,383² WebP', patched('lossless.webp', (bytes) => bytes.writeUInt32LE(0x0fffbffe >>> 0, 21))],
    [
      '40,000² TIFF',
      patched('rgb.tif', (bytes) => {
        setTiffTag(bytes, 256, 40_000);
        setTiffTag(bytes, 257, 40_000);
      }),
    ],
    [
      '40,000² BMP',
      patched('rgb.bmp', (bytes) => {
        bytes.writeInt32LE(40_000, 18);
        bytes.writeInt32LE(-40_000, 22);
      }),
    ],
  ]);
}

/** Files whose header is small and whose content is not: refused as damaged, or decoded at the header's size. */
export function lyingImages(): ReadonlyMap<string, Buffer> {
  return new Map([
    [
      'AVIF of 16,000² that says 100²',
      patched('bomb.avif', (bytes) => {
        const size = bytes.indexOf('ispe');
        bytes.writeUInt32BE(100, size + 8);
        bytes.writeUInt32BE(100, size + 12);
      }),
    ],
    [
      'JPEG with a second, larger frame header',
      (() => {
        const bytes = fixture('rgb.jpg');
        const large = jpegOf('rgb.jpg', 0xc0, 60_000, 60_000);
        const frame = large.indexOf(Buffer.from([0xff, 0xc0]));
        const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
        return Buffer.concat([
          bytes.subarray(0, scan),
          large.subarray(frame, frame + 19),
          bytes.subarray(scan),
        ]);
      })(),
    ],
  ]);
}
