/** Shapes of tensors, in words and in numbers. */
import type { TensorSpec } from '../models/artifact.ts';

/** "12 numbers (3×4)", "any number of numbers", "whole numbers" where the input wants those. */
export function describeShape({ shape, type }: Pick<TensorSpec, 'shape' | 'type'>): string {
  const unit = /^u?int/.test(type) ? 'whole number' : 'number';
  const count = countOf(shape);
  if (count === 1) return `1 ${unit}`;
  if (shape.length === 1) return count === null ? `any number of ${unit}s` : `${count} ${unit}s`;
  return count === null ? `${sizesText(shape)} ${unit}s` : `${count} ${unit}s (${sizesText(shape)})`;
}

export function sizesText(shape: readonly (number | null)[]): string {
  return shape.map((size) => size ?? '?').join('×');
}

/** Numbers in a tensor of a shape; null when an axis is free. */
export function countOf(shape: readonly (number | null)[]): number | null {
  let count = 1;
  for (const size of shape) {
    if (size === null) return null;
    count *= size;
  }
  return count;
}
