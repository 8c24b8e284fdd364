/** Tensors of an architecture, and how windows and margins change their sizes. */

/** What the layers before it give; also the layer that gives it. */
export interface Tensor {
  readonly name: string;
  readonly className: string;
  /** Without the batch axis. */
  readonly shape: readonly number[];
  readonly inputs: readonly Tensor[];
  readonly entry: LayerEntry;
}

/** A layer as Keras' JSON has it. */
export type LayerEntry = Readonly<Record<string, unknown>>;

export type Side = readonly [before: number, after: number];
export type Margins = readonly [rows: Side, columns: Side];
export type Padding = 'same' | 'valid';
/** One length for rows and columns, or both. */
export type Size = number | readonly [number, number];

export function channels(x: Tensor): number {
  return x.shape.at(-1) ?? 0;
}

/**
 * Margins that give a stride-2 window without padding the places that TensorFlow's 'same' would give it, as the
 * networks that came from TensorFlow want it.
 */
export function evenMargins(x: Tensor, kernel: number): Margins {
  const half = Math.floor(kernel / 2);
  const side = (length: number): Side => [half - (1 - (length % 2)), half];
  const [height = 0, width = 0] = x.shape;
  return [side(height), side(width)];
}

/** The nearest multiple of eight, but never more than a tenth below. */
export function roundToEight(value: number): number {
  const rounded = Math.max(8, Math.floor((value + 4) / 8) * 8);
  return rounded < 0.9 * value ? rounded + 8 : rounded;
}

export function both(side: Side): Margins {
  return [side, side];
}

/** Rows and columns. */
export function pair(size: Size): readonly [number, number] {
  return typeof size === 'number' ? [size, size] : size;
}

/** Rows and columns after a sliding window. */
export function slide(
  x: Tensor,
  kernel: readonly [number, number],
  strides: number,
  padding: Padding,
): number[] {
  return kernel.map((size, axis) => {
    const length = x.shape[axis] ?? 0;
    return padding === 'same' ? Math.ceil(length / strides) : Math.floor((length - size) / strides) + 1;
  });
}

/** The shape after margins were added (1) or cut off (-1). */
export function resize(x: Tensor, margins: Margins, sign: 1 | -1): number[] {
  const [height = 0, width = 0, depth = 0] = x.shape;
  const [rows, columns] = margins.map(([before, after]) => sign * (before + after));
  return [height + (rows ?? 0), width + (columns ?? 0), depth];
}
