/** Rows through a graph: feeds from prepared rows, a run, and each row's share of the outputs as float32. */

import { Tensor } from 'onnxruntime-node';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import type { TensorSpec, TensorType } from '../../models/artifact.ts';
import { fromHalfBits, toHalfBits } from './half.ts';
import type { Prepared } from './prepare.ts';
import type { LoadedModel } from './sessions.ts';

export type Runnable = Extract<Prepared, { kind: 'pixels' | 'numbers' }>;

/** One row's tensors, one per served output, or why there are none. */
export type RowResult = readonly Float32Array[] | SqlensError;

/**
 * Runs the rows of one batch; blocks the thread. A run that throws is repeated row by row, so that one row on which the
 * graph fails does not take the others with it.
 * @param rows all of them prepared for this model
 */
export async function execute(model: LoadedModel, rows: readonly Runnable[]): Promise<RowResult[]> {
  const results: RowResult[] = new Array(rows.length);
  for (const group of groups(model, rows)) {
    const members = group.map((at) => rows[at]).filter((row) => row !== undefined);
    const answered = await runGroup(model, members);
    group.forEach((at, k) => {
      results[at] = answered[k] ?? runError(new Error('the graph gave too few rows'));
    });
  }
  return results;
}

/** Positions of rows that can run together: same shapes, and no more of them than the graph takes. */
function groups(model: LoadedModel, rows: readonly Runnable[]): number[][] {
  const byShape = new Map<string, number[]>();
  rows.forEach((row, at) => {
    const key = row.kind === 'pixels' ? '' : JSON.stringify(row.shapes);
    const group = byShape.get(key);
    if (group === undefined) byShape.set(key, [at]);
    else group.push(at);
  });
  const size = model.fixedRows ?? Math.max(1, rows.length);
  return [...byShape.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / size) }, (_, k) => group.slice(k * size, (k + 1) * size)),
  );
}

async function runGroup(model: LoadedModel, rows: readonly Runnable[]): Promise<RowResult[]> {
  try {
    return await run(model, rows);
  } catch (error) {
    if (rows.length === 1) return [runError(error)];
  }
  const results: RowResult[] = [];
  for (const row of rows) results.push(...(await runGroup(model, [row])));
  return results;
}

async function run(model: LoadedModel, rows: readonly Runnable[]): Promise<RowResult[]> {
  // A graph with a fixed batch gets its missing rows as zeros; their answers are dropped.
  const batch = model.fixedRows ?? rows.length;
  const outputs = await model.session.run(
    feeds(model, rows, batch),
    model.spec.outputs.map((output) => output.name),
  );
  const columns = model.spec.outputs.map((output) => {
    const tensor = outputs[output.name];
    if (!(tensor instanceof Tensor)) throw new Error(`output ${output.name} is not a tensor`);
    const values = toFloat32(tensor);
    if (batch === 1) return { values, length: values.length };
    if (tensor.dims[0] !== batch) {
      throw new Error(
        `output ${output.name} has shape [${tensor.dims.join(', ')}] for a batch of ${batch} rows`,
      );
    }
    return { values, length: values.length / batch };
  });
  return rows.map((_, row) =>
    columns.map(({ values, length }) => values.subarray(row * length, (row + 1) * length)),
  );
}

function feeds(model: LoadedModel, rows: readonly Runnable[], batch: number): Record<string, Tensor> {
  const { image, inputs } = model.spec;
  if (image !== undefined && model.pixels !== undefined) {
    const buffer = model.pixels.allocate(batch);
    const writer = model.pixels;
    rows.forEach((row, at) => {
      if (row.kind === 'pixels') writer.write(row.pixels, buffer, at);
    });
    const { height, width, channels } = image;
    const dims =
      image.layout === 'nhwc' ? [batch, height, width, channels] : [batch, channels, height, width];
    return { [image.tensor]: new Tensor(image.type, buffer, dims) };
  }
  const first = rows[0];
  if (first?.kind !== 'numbers') throw new Error('a model of numbers was given pixels');
  const result: Record<string, Tensor> = {};
  let start = 0;
  inputs.forEach((spec, at) => {
    const shape = first.shapes[at] ?? [];
    const length = shape.reduce((product, axis) => product * axis, 1);
    const values = new Float32Array(batch * length);
    rows.forEach((row, k) => {
      if (row.kind === 'numbers') values.set(row.values.subarray(start, start + length), k * length);
    });
    start += length;
    result[spec.name] = fromFloat32(spec, values, [batch, ...shape]);
  });
  return result;
}

function fromFloat32(spec: TensorSpec, values: Float32Array, dims: readonly number[]): Tensor {
  const type: TensorType = spec.type;
  switch (type) {
    case 'float32':
      return new Tensor('float32', values, dims);
    case 'float64':
      return new Tensor('float64', Float64Array.from(values), dims);
    case 'float16':
      return new Tensor('float16', Uint16Array.from(values, toHalfBits), dims);
    case 'uint8':
      return new Tensor('uint8', Uint8Array.from(values), dims);
    case 'bool':
      return new Tensor(
        'bool',
        Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
        dims,
      );
    case 'int32':
      return new Tensor('int32', Int32Array.from(values), dims);
    case 'int64':
      return new Tensor(
        'int64',
        BigInt64Array.from(values, (value) => BigInt(Math.trunc(value))),
        dims,
      );
  }
}

function toFloat32(tensor: Tensor): Float32Array {
  const { data, type } = tensor;
  if (data instanceof Float32Array) return data;
  // Where the platform has half floats the engine hands out those, elsewhere their bits.
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, fromHalfBits);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  if (Array.isArray(data)) throw new Error('it gives strings, which are not served');
  return Float32Array.from(data);
}

function runError(error: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.dataException,
    message: `the model failed on this input: ${messageOf(error)}`,
    hint: 'If it fails on every input, its graph does not fit the engine: register another export of the model.',
    cause: error,
  });
}
