/** What a graph is fed: pixels and numbers of prepared rows as tensors of the types that its inputs have. */
import { Tensor } from 'onnxruntime-node';
import { unreachable } from '../../common/errors.ts';
import type { TensorSpec } from '../../models/artifact.ts';
import { toHalfBits } from './half.ts';
import type { Prepared } from './prepare.ts';
import type { LoadedModel } from './sessions.ts';

/** Rows of a model that takes images or numbers. */
export type PlainRow = Extract<Prepared, { kind: 'pixels' | 'row' }>;

/**
 * @param rows all of one shape
 * @param batch rows that the graph gets; those beyond the given ones are zeros
 */
export function feedRows(
  model: LoadedModel,
  rows: readonly PlainRow[],
  batch: number,
): Record<string, Tensor> {
  const { image, inputs } = model.spec;
  const [first] = rows;
  if (first === undefined) throw new Error('a batch without rows');
  if (first.kind === 'pixels') {
    if (image === undefined) throw new Error('a model of numbers was given pixels');
    const pixels = rows.map((row) => (row.kind === 'pixels' ? row.pixels : undefined));
    return { [image.tensor]: feedPixels(model, pixels, batch) };
  }
  const parts = rows.map((row) => (row.kind === 'row' ? row.parts : []));
  const feeds: Record<string, Tensor> = {};
  inputs.forEach((spec, at) => {
    const column = parts.map((row) => row[at]);
    const [part] = column;
    if (part === undefined) throw new Error(`input ${spec.name} was given nothing`);
    if (part.kind === 'pixels') {
      const pixels = column.map((one) => (one?.kind === 'pixels' ? one.pixels : undefined));
      feeds[spec.name] = feedPixels(model, pixels, batch);
      return;
    }
    const length = part.values.length;
    const values =
      part.values instanceof Float64Array
        ? new Float64Array(batch * length)
        : new Float32Array(batch * length);
    column.forEach((one, row) => {
      if (one?.kind === 'numbers') values.set(one.values, row * length);
    });
    feeds[spec.name] = toTensor(spec, values, [batch, ...part.shape]);
  });
  return feeds;
}

function feedPixels(
  { spec: { image }, pixels: writer }: LoadedModel,
  rows: readonly (Uint8Array | undefined)[],
  batch: number,
): Tensor {
  if (image === undefined || writer === undefined) throw new Error('a model of numbers was given pixels');
  const buffer = writer.allocate(batch);
  rows.forEach((pixels, at) => {
    if (pixels !== undefined) writer.write(pixels, buffer, at);
  });
  const { height, width, channels } = image;
  const dims = image.layout === 'nhwc' ? [batch, height, width, channels] : [batch, channels, height, width];
  return new Tensor(image.type, buffer, dims);
}

/** Numbers as a tensor of the type that an input has. */
export function toTensor(
  { type }: Pick<TensorSpec, 'type'>,
  values: Float32Array | Float64Array | Int32Array,
  dims: readonly number[],
): Tensor {
  switch (type) {
    case 'float32':
      return new Tensor(type, values instanceof Float32Array ? values : Float32Array.from(values), dims);
    case 'float64':
      return new Tensor(type, values instanceof Float64Array ? values : Float64Array.from(values), dims);
    case 'float16':
      return new Tensor(type, Uint16Array.from(values, toHalfBits), dims);
    case 'int8':
      return new Tensor(type, Int8Array.from(values), dims);
    case 'uint8':
      return new Tensor(type, Uint8Array.from(values), dims);
    case 'int16':
      return new Tensor(type, Int16Array.from(values), dims);
    case 'uint16':
      return new Tensor(type, Uint16Array.from(values), dims);
    case 'uint32':
      return new Tensor(type, Uint32Array.from(values), dims);
    case 'uint64':
      return new Tensor(type, BigUint64Array.from(values, BigInt), dims);
    case 'bool':
      return new Tensor(
        type,
        Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
        dims,
      );
    case 'int32':
      return new Tensor(type, values instanceof Int32Array ? values : Int32Array.from(values), dims);
    case 'int64':
      return new Tensor(type, BigInt64Array.from(values, BigInt), dims);
    default:
      return unreachable(type);
  }
}
