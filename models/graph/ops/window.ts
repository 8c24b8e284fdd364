import { invalidLayer } from '../../model-error.ts';
import type { LayerRef } from '../layer-ref.ts';

export interface Pads {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

export const NO_PADS: Pads = { top: 0, left: 0, bottom: 0, right: 0 };

export function hasPads(pads: Pads): boolean {
  return pads.top !== 0 || pads.left !== 0 || pads.bottom !== 0 || pads.right !== 0;
}

export function addPads(a: Pads, b: Pads): Pads {
  return {
    top: a.top + b.top,
    left: a.left + b.left,
    bottom: a.bottom + b.bottom,
    right: a.right + b.right,
  };
}

/** A pair for height and width. */
export type Pair = readonly [height: number, width: number];

/** What slides over an image: convolution kernels and pooling windows. */
export interface Window {
  readonly size: Pair;
  readonly strides: Pair;
  readonly dilations: Pair;
  readonly pads: Pads;
}

/** Height and width after sliding a window over an image; an error when it does not fit once. */
export function slide(window: Window, height: number, width: number, layer: LayerRef): Pair {
  const { size, strides, dilations, pads } = window;
  const along = (length: number, axis: 0 | 1, padding: number): number => {
    const extent = (size[axis] - 1) * dilations[axis] + 1;
    const steps = Math.floor((length + padding - extent) / strides[axis]) + 1;
    if (steps < 1) {
      throw invalidLayer(layer, `a window of ${size.join('×')} does not fit an image of ${height}×${width}`);
    }
    return steps;
  };
  return [along(height, 0, pads.top + pads.bottom), along(width, 1, pads.left + pads.right)];
}

/** Keras' (TensorFlow's) 'same' padding as explicit numbers: the odd row or column goes to the bottom right. */
export function samePads(window: Omit<Window, 'pads'>, height: number, width: number): Pads {
  const along = (length: number, axis: 0 | 1): Pair => {
    const stride = window.strides[axis];
    const extent = (window.size[axis] - 1) * window.dilations[axis] + 1;
    const total = Math.max((Math.ceil(length / stride) - 1) * stride + extent - length, 0);
    return [Math.floor(total / 2), Math.ceil(total / 2)];
  };
  const [top, bottom] = along(height, 0);
  const [left, right] = along(width, 1);
  return { top, left, bottom, right };
}
