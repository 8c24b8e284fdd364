import type { ImageInput } from '../../models/artifact.ts';
import { toHalfBits } from './half.ts';

export type PixelArray = Uint8Array | Float32Array | Uint16Array;

const LEVELS = 256;

/**
 * Lays 8-bit RGB pixels out as a graph's image input wants them. A pixel has 256 values, so what scale, offset and
 * type make of each is computed once per model and looked up per pixel.
 */
export class PixelWriter {
  /** Numbers in one row of the batch. */
  readonly rowLength: number;
  private readonly input: ImageInput;
  private readonly tables: readonly PixelArray[];
  private readonly isPlainCopy: boolean;

  constructor(input: ImageInput) {
    this.input = input;
    this.rowLength = input.height * input.width * input.channels;
    this.tables = Array.from({ length: input.channels }, (_, c) =>
      valueTable(input.type, input.scale[c] ?? 1, input.offset[c] ?? 0),
    );
    this.isPlainCopy =
      input.type === 'uint8' &&
      input.layout === 'nhwc' &&
      input.channels === 3 &&
      input.channelOrder === 'rgb' &&
      this.tables.every((table) => table.every((value, pixel) => value === pixel));
  }

  /** A buffer for a batch; float16 is held as its bits. */
  allocate(rows: number): PixelArray {
    return emptyPixels(this.input.type, rows * this.rowLength);
  }

  /**
   * Writes one image into its place.
   * @param pixels R G B interleaved, rows top-down, exactly the input's height and width
   */
  write(pixels: Uint8Array, target: PixelArray, row: number): void {
    const start = row * this.rowLength;
    if (this.isPlainCopy) {
      target.set(pixels, start);
      return;
    }
    const area = this.input.height * this.input.width;
    const { channels, layout, channelOrder } = this.input;
    const pixelStride = layout === 'nhwc' ? channels : 1;
    const channelStride = layout === 'nhwc' ? 1 : area;
    this.tables.forEach((table, c) => {
      let at = start + c * channelStride;
      const source = channelOrder === 'bgr' ? 2 - c : c;
      for (let i = 0; i < area; i++, at += pixelStride) {
        const pixel = channels === 1 ? grey(pixels, i * 3) : (pixels[i * 3 + source] ?? 0);
        target[at] = table[pixel] ?? 0;
      }
    });
  }
}

/** Luma by ITU-R 601-2 in 16-bit fixed point: what Pillow's `convert('L')`, and so Keras' 'grayscale', computes. */
function grey(pixels: Uint8Array, at: number): number {
  const red = pixels[at] ?? 0;
  const green = pixels[at + 1] ?? 0;
  const blue = pixels[at + 2] ?? 0;
  return (red * 19595 + green * 38470 + blue * 7471 + 0x8000) >> 16;
}

function emptyPixels(type: ImageInput['type'], length: number): PixelArray {
  switch (type) {
    case 'uint8':
      return new Uint8Array(length);
    case 'float32':
      return new Float32Array(length);
    case 'float16':
      return new Uint16Array(length);
  }
}

function valueTable(type: ImageInput['type'], scale: number, offset: number): PixelArray {
  const table = emptyPixels(type, LEVELS);
  for (let pixel = 0; pixel < LEVELS; pixel++) {
    const value = pixel * scale + offset;
    table[pixel] =
      type === 'float32'
        ? value
        : type === 'float16'
          ? toHalfBits(value)
          : Math.min(255, Math.max(0, Math.round(value)));
  }
  return table;
}
