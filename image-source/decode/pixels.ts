import { SqlensError, SqlState } from '../../common/errors.ts';

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
 * Pixels of any 8-bit layout as RGB. Alpha is dropped and grey is repeated, as Pillow's `convert('RGB')` does; RGB
 * is returned as it is, without a copy.
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
  if (layout === 'rgb') return data;
  const rgb = new Uint8Array(pixelCount * 3);
  const step = CHANNELS[layout];
  const [red, green, blue] = step < 3 ? [0, 0, 0] : layout === 'bgra' ? [2, 1, 0] : [0, 1, 2];
  for (let from = 0, to = 0; to < rgb.length; from += step, to += 3) {
    rgb[to] = data[from + red] ?? 0;
    rgb[to + 1] = data[from + green] ?? 0;
    rgb[to + 2] = data[from + blue] ?? 0;
  }
  return rgb;
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
