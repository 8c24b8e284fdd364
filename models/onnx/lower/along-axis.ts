import { elementCount, Weight } from '../../graph/weight.ts';
import type { Lowering } from './lowering.ts';

/** A channels-first value (without its batch) on its way through the axes. */
export interface Staged {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Multiplies a matrix [out, in] into one axis of a value: each axis of a separable filter by itself. */
export function multiplyAxis(value: Staged, axis: number, matrix: Weight, lowering: Lowering): Staged {
  const { op: emit, weight, writer } = lowering;
  const { shape } = value;
  const [out = 0, length = 0] = matrix.shape;
  const after = elementCount(shape.slice(axis + 1));
  const rest = [elementCount(shape.slice(0, axis)), length, after];
  const reshaped = (name: string, to: readonly number[]): string =>
    emit('Reshape', [name, writer.integers([0, ...to])]);
  const result = shape.map((size, i) => (i === axis ? out : size));
  if (after === 1) {
    const columns = weight(matrix, 'columns', () => ({ shape: [length, out], data: columnsOf(matrix) }));
    const flat = emit('MatMul', [reshaped(value.name, rest.slice(0, 2)), columns]);
    return { name: reshaped(flat, result), shape: result };
  }
  const rows = weight(matrix, 'rows');
  const product = emit('MatMul', [rows, reshaped(value.name, rest)]);
  return { name: reshaped(product, result), shape: result };
}

function columnsOf({ shape, data }: Weight): Float32Array {
  const [rows = 0, columns = 0] = shape;
  return Float32Array.from(data, (_, i) => data[(i % rows) * columns + Math.floor(i / rows)] ?? Number.NaN);
}

/** A matrix [rows, columns] from its numbers, as a constant of the layer. */
export function constantMatrix(
  name: string,
  rows: number,
  columns: number,
  fill: (row: number) => Map<number, number>,
): Weight {
  const data = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) {
    for (const [column, value] of fill(row)) data[row * columns + column] = value;
  }
  return new Weight(name, [rows, columns], data);
}
