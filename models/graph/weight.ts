/** A constant tensor that a layer owns. Passes make new ones; the data is never changed in place. */
export class Weight {
  /** `layer/kernel`: unique in the model, and the name under which training finds it. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly trainable: boolean;

  constructor(name: string, shape: readonly number[], data: Float32Array, trainable = false) {
    if (data.length !== elementCount(shape)) {
      throw new RangeError(`weight ${name}: ${data.length} numbers for shape [${shape.join(', ')}]`);
    }
    this.name = name;
    this.shape = shape;
    this.data = data;
    this.trainable = trainable;
  }

  /** A weight of the same name and training state with other numbers, as a pass computes it. */
  with(data: Float32Array, shape: readonly number[] = this.shape): Weight {
    return new Weight(this.name, shape, data, this.trainable);
  }
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Number of the tensor at a flat index; out of range is a defect of the caller, not a value. */
export function at(data: ArrayLike<number>, index: number): number {
  const value = data[index];
  if (value === undefined) throw new RangeError(`index ${index} outside of ${data.length} numbers`);
  return value;
}

/** The factor or offset of channel i: of a weight with one number for all, or one for each; `absent` without a weight. */
export function channelValue(weight: Weight | undefined, i: number, absent: number): number {
  if (weight === undefined) return absent;
  return at(weight.data, weight.data.length === 1 ? 0 : i);
}

/** Reorders axes: axis i of the result is axis `order[i]` of the source. */
export function transposed(
  data: Float32Array,
  shape: readonly number[],
  order: readonly number[],
): Float32Array {
  const strides = new Array<number>(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) {
    strides[axis] = at(strides, axis + 1) * at(shape, axis + 1);
  }
  // Axes of length 1 only cost time: a 1×1 kernel is a matrix.
  const axes = order.filter((axis) => at(shape, axis) !== 1);
  const inner = axes.pop();
  if (inner === undefined) return data.slice();
  const count = at(shape, inner);
  const step = at(strides, inner);
  const sizes = axes.map((axis) => at(shape, axis));
  const steps = axes.map((axis) => at(strides, axis));
  const position = new Array<number>(axes.length).fill(0);
  const result = new Float32Array(data.length);
  let source = 0;
  for (let target = 0; target < result.length; target += count) {
    for (let i = 0; i < count; i++) result[target + i] = data[source + i * step] ?? Number.NaN;
    for (let axis = axes.length - 1; axis >= 0; axis--) {
      const next = at(position, axis) + 1;
      source += at(steps, axis);
      if (next < at(sizes, axis)) {
        position[axis] = next;
        break;
      }
      position[axis] = 0;
      source -= at(steps, axis) * at(sizes, axis);
    }
  }
  return result;
}
