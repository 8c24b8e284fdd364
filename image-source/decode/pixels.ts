import { SqlensError, SqlState, unreachable } from '../../common/errors.ts';

/** Layouts in which the libraries give 8-bit pixels; `bgra` is what comes back from a BMP that held RGB. */
export type PixelLayout = 'grey' | 'grey-alpha' | 'rgb' | 'rgba' | 'bgra';

const CHANNELS: Readonly<Record<PixelLayout, number>> = {
  grey: 1,
  'grey-alpha': 2,
  rgb: 3,
  rgba: 4,
  bgra: 4,
};

/**
 * Pixels of any 8-bit layout as RGB. Alpha is dropped and grey is repeated, as Pillow's `convert('RGB')` does. RGB
 * is returned as it is, and four channels are packed where they are: `data` is the caller's no longer.
 *
 * @throws SqlensError XX000 when the bytes are not exactly `pixelCount` pixels
 */
export function toRgb(data: Uint8Array, pixelCount: number, layout: PixelLayout): Uint8Array {
  if (data.length !== pixelCount * CHANNELS[layout]) {
    throw new SqlensError({
      sqlState: SqlState.internalError,
      message: `the decoder gave ${data.length} bytes for ${pixelCount} ${layout} pixels`,
    });
  }
  switch (layout) {
    case 'rgb':
      return data;
    case 'rgba':
    case 'bgra':
      return packFour(data, pixelCount, layout === 'bgra');
    case 'grey':
    case 'grey-alpha':
      return repeatGrey(data, pixelCount, CHANNELS[layout]);
    default:
      return unreachable(layout);
  }
}

function repeatGrey(data: Uint8Array, pixelCount: number, step: number): Uint8Array {
  const rgb = new Uint8Array(pixelCount * 3);
  for (let from = 0, to = 0; to < rgb.length; from += step, to += 3) rgb.fill(data[from] ?? 0, to, to + 3);
  return rgb;
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/**
 * Four bytes a pixel to three, in place: a pixel is never written before it was read. Every answered image passes
 * here, so four pixels at a time are moved as whole words where the machine allows it.
 */
function packFour(data: Uint8Array, pixelCount: number, isBgra: boolean): Uint8Array {
  const isFast = IS_LITTLE_ENDIAN && data.byteOffset % 4 === 0;
  const fastCount = isFast ? pixelCount & ~3 : 0;
  if (isFast) packWords(new Uint32Array(data.buffer, data.byteOffset, pixelCount), fastCount, isBgra);
  const [red, blue] = isBgra ? [2, 0] : [0, 2];
  for (let from = fastCount * 4, to = fastCount * 3; to < pixelCount * 3; from += 4, to += 3) {
    const first = data[from + red] ?? 0;
    const last = data[from + blue] ?? 0;
    data[to + 1] = data[from + 1] ?? 0;
    data[to] = first;
    data[to + 2] = last;
  }
  return data.subarray(0, pixelCount * 3);
}

function swapEnds(word: number): number {
  return ((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff);
}

function packWords(words: Uint32Array, count: number, isBgra: boolean): void {
  for (let from = 0, to = 0; from < count; from += 4, to += 3) {
    let a = words[from] ?? 0;
    let b = words[from + 1] ?? 0;
    let c = words[from + 2] ?? 0;
    let d = words[from + 3] ?? 0;
    if (isBgra) [a, b, c, d] = [swapEnds(a), swapEnds(b), swapEnds(c), swapEnds(d)];
    words[to] = (a & 0xffffff) | (b << 24);
    words[to + 1] = ((b >>> 8) & 0xffff) | (c << 16);
    words[to + 2] = ((c >>> 16) & 0xff) | (d << 8);
  }
}

/**
 * CMYK (0 no ink, 255 full ink) as RGB, by the formula of Pillow's `convert('RGB')`: each ink takes its share of
 * what black leaves. No profile is involved.
 */
export function cmykToRgb(data: Uint8Array, pixelCount: number): Uint8Array {
  const rgb = new Uint8Array(pixelCount * 3);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    const light = 255 - (data[pixel * 4 + 3] ?? 0);
    for (let channel = 0; channel < 3; channel++) {
      // x·y/255, rounded, without a division.
      const product = (data[pixel * 4 + channel] ?? 0) * light + 128;
      rgb[pixel * 3 + channel] = light - ((product + (product >> 8)) >> 8);
    }
  }
  return rgb;
}
