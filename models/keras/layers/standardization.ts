/** Normalization by statistics that `adapt` took from a data set, or that the file states. */
import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { at, elementCount } from '../../graph/weight.ts';
import { invalidLayer } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import { axesOf } from '../operations/axes.ts';
import { type Constant, parseConstant } from '../operations/constants.ts';
import { combine, constantOperand, type Operand } from '../operations/operands.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

/** Keras' epsilon, below which a deviation counts as this. */
const EPSILON = 1e-7;

export const standardizationLayer: LayerDefinition = {
  classNames: ['Normalization'],
  build(layer, inputs) {
    const input = singleInput(inputs, layer.ref);
    const raw = layer.options.has('axis') ? layer.options.raw('axis') : -1;
    const axes =
      isList(raw) && raw.length === 0 ? [] : raw === null ? [] : axesOf(layer, raw, input.shape.length);
    const shape = axes.map((axis) => at(input.shape, axis));
    const stated = (name: string): Constant | undefined => {
      const value = layer.options.raw(name);
      if (value === null) return undefined;
      const constant = parseConstant(layer.ref, value);
      if (constant === undefined) throw layer.options.invalid(name, 'a number or a list of them');
      return constant;
    };
    const [mean, variance] = [stated('mean'), stated('variance')];
    if ((mean === undefined) !== (variance === undefined)) {
      throw invalidLayer(layer.ref, 'options mean and variance stand one without the other');
    }
    const statistics =
      mean !== undefined && variance !== undefined ? { mean, variance } : adapted(layer, shape);
    const along = (constant: Constant): Constant => ({
      ...constant,
      type: 'float32',
      shape: alongAxes(layer, constant.shape, axes, input),
    });
    const deviation = statistics.variance.data.map((value) => Math.max(Math.sqrt(value), EPSILON));
    const inverted = layer.options.flag('invert', false);
    return scaled(
      layer,
      { kind: 'value', value: input },
      constantOperand(along(statistics.mean)),
      along({ ...statistics.variance, data: deviation }),
      inverted,
    );
  },
};

/** What `adapt` left among the weights; the count of what it saw means nothing any more. */
function adapted(layer: LayerContext, shape: readonly number[]): { mean: Constant; variance: Constant } {
  const { mean, variance } = layer.weights({ mean: shape, variance: shape, count: [] }, [
    'mean',
    'variance',
    'count',
  ]);
  const constant = ({ data }: { data: Float32Array }): Constant => ({ shape, data, type: 'float32' });
  return { mean: constant(mean), variance: constant(variance) };
}

/** A constant's shape with the input's rank; what it has fewer axes than are kept stands along the last of these. */
function alongAxes(
  layer: LayerContext,
  shape: readonly number[],
  axes: readonly number[],
  input: Value,
): number[] {
  const result = input.shape.map(() => 1);
  if (elementCount(shape) === 1) return result;
  const kept = axes.slice(axes.length - shape.length);
  if (
    shape.length > axes.length ||
    shape.some((size, i) => size !== 1 && size !== input.shape[kept[i] ?? -1])
  ) {
    throw invalidLayer(layer.ref, `statistics of shape (${shape.join(', ')}) do not fit its input`);
  }
  shape.forEach((size, i) => {
    result[kept[i] ?? 0] = size;
  });
  return result;
}

function scaled(
  layer: LayerContext,
  input: Operand,
  mean: Operand,
  deviation: Constant,
  inverted: boolean,
): Value {
  if (inverted) {
    const value = combine(layer, 'multiply', input, constantOperand(deviation));
    return combine(layer, 'add', { kind: 'value', value }, mean);
  }
  const value = combine(layer, 'subtract', input, mean);
  return combine(layer, 'divide', { kind: 'value', value }, constantOperand(deviation));
}
