import { MODEL_LIMITS } from '../../limits.ts';
import { invalidLayer, tooLarge } from '../../model-error.ts';
import type { LayerRef } from '../layer-ref.ts';
import { at } from '../weight.ts';

/** Positions added before and after each spatial axis. */
export interface Pads {
  readonly begin: readonly number[];
  readonly end: readonly number[];
}

export function noPads(axes: number): Pads {
  const none = new Array<number>(axes).fill(0);
  return { begin: none, end: none };
}

export function hasPads(pads: Pads): boolean {
  return [...pads.begin, ...pads.end].some((pad) => pad !== 0);
}

export function addPads(a: Pads, b: Pads): Pads {
  return {
    begin: a.begin.map((pad, axis) => pad + at(b.begin, axis)),
    end: a.end.map((pad, axis) => pad + at(b.end, axis)),
  };
}

/** The pads of an image of one row, from those of a sequence. */
export function withRow(pads: Pads): Pads {
  return { begin: [0, ...pads.begin], end: [0, ...pads.end] };
}

/** What slides over the spatial axes: convolution kernels and pooling windows. One number for each axis. */
export interface Window {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: Pads;
}

/** How far a window reaches along an axis. */
export function extent(window: Pick<Window, 'size' | 'dilations'>, axis: number): number {
  return (at(window.size, axis) - 1) * at(window.dilations, axis) + 1;
}

/** Throws when a window of the layer reaches further than any model needs: numbers would leave what is exact. */
export function checkExtent(positions: number, layer: LayerRef): void {
  if (positions <= MODEL_LIMITS.windowExtent) return;
  throw tooLarge(
    `layer "${layer.name}" (${layer.className}): reaches over ${positions} positions of an axis; at most ` +
      `${MODEL_LIMITS.windowExtent} are computed`,
  );
}

/** Sizes after sliding a window over axes of `sizes`; an error when it does not fit once. */
export function slide(window: Window, sizes: readonly number[], layer: LayerRef): number[] {
  return sizes.map((length, axis) => {
    checkExtent(extent(window, axis), layer);
    const padded = length + at(window.pads.begin, axis) + at(window.pads.end, axis);
    const steps = Math.floor((padded - extent(window, axis)) / at(window.strides, axis)) + 1;
    if (steps < 1) {
      throw invalidLayer(layer, `a window of ${window.size.join('×')} does not fit ${sizes.join('×')}`);
    }
    return steps;
  });
}

/** Keras' (TensorFlow's) 'same' padding as explicit numbers: an odd one goes to the end of its axis. */
export function samePads(window: Omit<Window, 'pads'>, sizes: readonly number[]): Pads {
  const totals = sizes.map((length, axis) => {
    const stride = at(window.strides, axis);
    return Math.max((Math.ceil(length / stride) - 1) * stride + extent(window, axis) - length, 0);
  });
  return {
    begin: totals.map((total) => Math.floor(total / 2)),
    end: totals.map((total) => Math.ceil(total / 2)),
  };
}
