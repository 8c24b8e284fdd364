/** Runs artifacts as workers do: rows one after the other in batches of what the graph takes. */
import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { CompiledModel, TensorSpec } from '../artifact.ts';

/** An array of NumPy: its type, its shape with the batch, its numbers. */
export interface PlainArray {
  readonly type: string;
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** All rows' numbers by the name of the output. */
export async function answersOf(
  { onnx, manifest }: CompiledModel,
  feeds: Readonly<Record<string, PlainArray>>,
): Promise<Readonly<Record<string, readonly number[]>>> {
  const session = await InferenceSession.create(onnx, { intraOpNumThreads: 1, logSeverityLevel: 4 });
  try {
    const firstAxes = session.inputMetadata.map((input) => (input.isTensor ? input.shape[0] : undefined));
    const fixed = firstAxes.find((size) => typeof size === 'number' && size > 0);
    const rows = Math.max(...Object.values(feeds).map(({ shape }) => shape[0] ?? 1));
    const batch = typeof fixed === 'number' ? fixed : rows;
    const answers: Record<string, number[]> = {};
    for (let first = 0; first < rows; first += batch) {
      const tensors = Object.fromEntries(
        manifest.inputs.map((spec) => [spec.name, tensorOf(spec, feeds[spec.name], first, batch)]),
      );
      const results = await session.run(
        tensors,
        manifest.outputs.map(({ name }) => name),
      );
      for (const { name, type } of manifest.outputs) {
        const result = results[name];
        assert.ok(result instanceof Tensor && !Array.isArray(result.data), name);
        assert.equal(result.type, type, name);
        const data =
          result.data instanceof Uint16Array && type === 'float16'
            ? Float32Array.from(result.data, fromHalf)
            : result.data;
        const into = answers[name] ?? [];
        for (let i = 0; i < data.length; i++) into.push(Number(data[i]));
        answers[name] = into;
      }
    }
    return answers;
  } finally {
    await session.release();
  }
}

function tensorOf(
  { type, name }: TensorSpec,
  array: PlainArray | undefined,
  first: number,
  batch: number,
): Tensor {
  assert.ok(array, `nothing for input ${name}`);
  const [rows = 1, ...shape] = array.shape;
  const length = array.values.length / rows;
  const values = array.values.slice(first * length, (first + batch) * length);
  const dims = [batch, ...shape];
  switch (type) {
    case 'float32':
      return new Tensor(type, Float32Array.from(values), dims);
    case 'float64':
      return new Tensor(type, Float64Array.from(values), dims);
    case 'float16':
      return new Tensor(type, Uint16Array.from(values, toHalf), dims);
    case 'int8':
      return new Tensor(type, Int8Array.from(values), dims);
    case 'uint8':
    case 'bool':
      return new Tensor(type, Uint8Array.from(values), dims);
    case 'int16':
      return new Tensor(type, Int16Array.from(values), dims);
    case 'uint16':
      return new Tensor(type, Uint16Array.from(values), dims);
    case 'int32':
      return new Tensor(type, Int32Array.from(values), dims);
    case 'uint32':
      return new Tensor(type, Uint32Array.from(values), dims);
    case 'int64':
      return new Tensor(type, BigInt64Array.from(values, BigInt), dims);
    case 'uint64':
      return new Tensor(type, BigUint64Array.from(values, BigInt), dims);
  }
}

/** Largest difference, relative to the largest number expected. */
export function difference(given: readonly number[] | undefined, expected: readonly number[]): number {
  if (given?.length !== expected.length) return Number.POSITIVE_INFINITY;
  const largest = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-30);
  return given.reduce((worst, value, i) => {
    const off = Math.abs(value - (expected[i] ?? Number.NaN)) / largest;
    return Math.max(worst, off);
  }, 0);
}

/** Of numbers that half floats hold without rounding. */
function toHalf(value: number): number {
  if (value === 0) return 0;
  const exponent = Math.floor(Math.log2(Math.abs(value)));
  const fraction = Math.round((Math.abs(value) / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}

function fromHalf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const size = exponent === 0 ? fraction / 2 ** 24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
  return bits & 0x8000 ? -size : size;
}
