/** Inputs to try a graph on: zeros, and rows of numbers that differ from each other. */
import { Tensor } from 'onnxruntime-node';
import { unreachable } from '../common/errors.ts';
import type { TensorSpec } from './artifact.ts';

export interface Sample {
  readonly batch: number;
  /** For axes that are free. */
  readonly size: number;
  /** What the numbers of a row follow from; 0 for zeros. */
  readonly seeds: readonly number[];
}

/** A batch of rows for each input: row r of numbers that follow from `seeds[r]`. */
export function sampleFeeds(inputs: readonly TensorSpec[], sample: Sample): Record<string, Tensor> {
  return Object.fromEntries(inputs.map((input) => [input.name, sampleTensor(input, sample)]));
}

function sampleTensor({ type, shape }: TensorSpec, { batch, size, seeds }: Sample): Tensor {
  const dims = [batch, ...shape.map((one) => one ?? size)];
  const length = dims.reduce((product, one) => product * one, 1);
  const row = Math.max(1, length / batch);
  const at = (i: number): number => {
    const seed = seeds[Math.floor(i / row)] ?? 0;
    // Not all rows, and no two columns, may look alike to a graph that compares or sorts them.
    return seed === 0 ? 0 : ((i % row) * 37 + seed * 53) % 128;
  };
  const isZero = seeds.every((seed) => seed === 0);
  const fill = <T extends { [index: number]: number }>(values: T, toValue: (level: number) => number): T => {
    if (!isZero) for (let i = 0; i < length; i++) values[i] = toValue(at(i));
    return values;
  };
  const isOdd = (level: number): number => (level >> 3) & 1;
  switch (type) {
    case 'float32':
      return new Tensor(type, fill(new Float32Array(length), toFraction), dims);
    case 'float64':
      return new Tensor(type, fill(new Float64Array(length), toFraction), dims);
    case 'float16':
      // The bits of 1 and of -1.
      return new Tensor(
        type,
        fill(new Uint16Array(length), (level) => (isOdd(level) === 1 ? 0x3c00 : 0xbc00)),
        dims,
      );
    case 'uint8':
      return new Tensor(
        type,
        fill(new Uint8Array(length), (level) => level * 2),
        dims,
      );
    // Whole numbers are often places in a table: 0 and 1 are in most of them.
    case 'int8':
      return new Tensor(type, fill(new Int8Array(length), isOdd), dims);
    case 'int16':
      return new Tensor(type, fill(new Int16Array(length), isOdd), dims);
    case 'uint16':
      return new Tensor(type, fill(new Uint16Array(length), isOdd), dims);
    case 'int32':
      return new Tensor(type, fill(new Int32Array(length), isOdd), dims);
    case 'uint32':
      return new Tensor(type, fill(new Uint32Array(length), isOdd), dims);
    case 'bool':
      return new Tensor(type, fill(new Uint8Array(length), isOdd), dims);
    case 'int64': {
      const values = new BigInt64Array(length);
      if (!isZero) for (let i = 0; i < length; i++) values[i] = BigInt(isOdd(at(i)));
      return new Tensor(type, values, dims);
    }
    case 'uint64': {
      const values = new BigUint64Array(length);
      if (!isZero) for (let i = 0; i < length; i++) values[i] = BigInt(isOdd(at(i)));
      return new Tensor(type, values, dims);
    }
    default:
      return unreachable(type);
  }
}

/** From -1 to 1. */
function toFraction(level: number): number {
  return level / 64 - 1;
}
