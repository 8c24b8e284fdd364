import type { Value } from '../../graph/ops/definition.ts';
import { describeShape } from '../../graph/ops/image-input.ts';
import { at, elementCount, Weight } from '../../graph/weight.ts';
import { invalidLayer } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import { featureAxis } from './axis.ts';
import { reordered, reshaped } from './contraction.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

export const dotLayer: LayerDefinition = {
  classNames: ['Dot'],
  build(layer, inputs) {
    const [a, b, ...others] = inputs;
    if (a === undefined || b === undefined || others.length > 0) {
      throw invalidLayer(layer.ref, `takes two inputs, not ${inputs.length}`);
    }
    const raw = layer.options.raw('axes');
    const [first, second] = isList(raw) ? raw : [raw, raw];
    if (typeof first !== 'number' || typeof second !== 'number')
      throw layer.options.invalid('axes', 'one or two axes');
    const [axisA, axisB] = [featureAxis(layer, first, a), featureAxis(layer, second, b)];
    if (a.shape[axisA] !== b.shape[axisB]) {
      throw invalidLayer(layer.ref, `axes of ${describeShape(a)} and ${describeShape(b)} differ in length`);
    }
    const normalize = layer.options.flag('normalize', false);
    const [x, y] = normalize ? [unit(layer, a, axisA), unit(layer, b, axisB)] : [a, b];
    const axes = (value: Value, without: number): number[] =>
      value.shape.map((_, axis) => axis).filter((axis) => axis !== without);
    const [restA, restB] = [axes(x, axisA), axes(y, axisB)];
    const [sizesA, sizesB] = [restA.map((axis) => at(x.shape, axis)), restB.map((axis) => at(y.shape, axis))];
    const length = at(x.shape, axisA);
    const rows = reshaped(layer, reordered(layer, x, [...restA, axisA]), [elementCount(sizesA), length]);
    const columns = reshaped(layer, reordered(layer, y, [axisB, ...restB]), [length, elementCount(sizesB)]);
    const product = layer.add({ kind: 'matmul' }, [rows, columns]);
    const shape = [...sizesA, ...sizesB];
    return reshaped(layer, product, shape.length === 0 ? [1] : shape);
  },
};

/** Divided by its length along an axis, as the Keras that wrote the file bounds it. */
function unit(layer: LayerContext, value: Value, axis: number): Value {
  const most = layer.keras === 2 ? 1e6 : 1e7;
  const bound = new Weight(`${layer.ref.name}/bound`, [], Float32Array.of(most));
  const squares = layer.add({ kind: 'elementwise', fn: 'square', operands: [undefined] }, [value]);
  const sum = layer.add({ kind: 'reduce', fn: 'sum', axes: [axis] }, [squares]);
  const inverse = layer.add({ kind: 'elementwise', fn: 'rsqrt', operands: [undefined] }, [sum]);
  const bounded = layer.add({ kind: 'elementwise', fn: 'minimum', operands: [undefined, bound] }, [inverse]);
  return layer.add({ kind: 'merge', mode: 'multiply' }, [value, bounded]);
}
