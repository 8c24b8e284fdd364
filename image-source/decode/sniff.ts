import { badImage } from './errors.ts';
import type { ImageFormat } from './limits.ts';

function startsWith(bytes: Uint8Array, signature: readonly number[], offset = 0): boolean {
  return signature.every((byte, index) => bytes[offset + index] === byte);
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

/** Brands of an ISO media file (`ftyp`): the major one and the compatible ones. */
function brands(bytes: Uint8Array): string[] {
  const box_bytes = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0);
  const end = Math.min(box_bytes, bytes.length, 256);
  const found = [ascii(bytes, 8, 12)];
  for (let at = 16; at + 4 <= end; at += 4) found.push(ascii(bytes, at, at + 4));
  return found;
}

/**
 * The format that the content itself shows, whatever the object is called.
 *
 * @throws SqlensError 22000 when the bytes are empty, text or of a format that is not decoded; the message says which
 */
export function sniffFormat(bytes: Uint8Array): ImageFormat {
  if (bytes.length === 0) throw badImage('the image is empty (0 bytes)');
  if (startsWith(bytes, [0xff, 0xd8, 0xff])) return 'jpeg';
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) return 'png';
  const head = ascii(bytes, 0, 16);
  if (head.startsWith('GIF87a') || head.startsWith('GIF89a')) return 'gif';
  if (head.startsWith('RIFF') && head.slice(8, 12) === 'WEBP') return 'webp';
  if (head.startsWith('II*\0') || head.startsWith('MM\0*')) return 'tiff';
  // "BM" alone begins many a text: the reserved words and a known header size must follow.
  if (head.startsWith('BM') && startsWith(bytes, [0, 0, 0, 0], 6) && bytes.length >= 26) return 'bmp';
  if (bytes.length >= 16 && head.slice(4, 8) === 'ftyp') {
    const found = brands(bytes);
    if (found.includes('avif') || found.includes('avis')) return 'avif';
    throw unsupported(found.includes('heic') || found.includes('heix') ? 'HEIC' : `${found[0]} media file`);
  }
  throw unrecognised(bytes, head);
}

function unrecognised(bytes: Uint8Array, head: string): Error {
  if (startsWith(bytes, [0xff, 0x0a]) || head.startsWith('\0\0\0\fJXL ')) return unsupported('JPEG XL');
  if (head.startsWith('\0\0\0\fjP  ')) return unsupported('JPEG 2000');
  if (head.startsWith('II+\0') || head.startsWith('MM\0+')) return unsupported('BigTIFF');
  if (head.startsWith('%PDF-')) return unsupported('PDF');
  if (head.startsWith('8BPS')) return unsupported('Photoshop');
  const text = textOf(bytes);
  if (text === undefined)
    return badImage('the content is not of a known image format', { hint: FORMATS_HINT });
  if (/<svg[\s>]/i.test(text)) return unsupported('SVG');
  if (/<(?:!doctype html|html)[\s>]/i.test(text))
    return badImage('the content is an HTML page, not an image');
  return badImage('the content is text, not an image');
}

const FORMATS_HINT = 'Images are read as JPEG, PNG, GIF, WebP, AVIF, TIFF or BMP.';

function unsupported(name: string): Error {
  return badImage(`${name} images are not supported`, { hint: FORMATS_HINT });
}

/** The beginning of the content as text, undefined when it is not text. */
function textOf(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, 1024);
  for (const byte of head) {
    if (byte < 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return undefined;
  }
  return new TextDecoder().decode(head);
}
