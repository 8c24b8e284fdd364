/** Layers that turn numbers into categories, and categories into vectors. */
import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { unsupported } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import { reduced, withAxis } from '../operations/axes.ts';
import { cast, combine, constantOperand, reshaped, valueOperand } from '../operations/operands.ts';
import { limited } from '../operations/operation.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

const MODES = ['int', 'one_hot', 'multi_hot', 'count'] as const;

/** Whether each number equals, or reaches, each of a list, along a last axis of its own. */
function against(
  layer: LayerContext,
  fn: 'equal' | 'greaterEqual',
  value: Value,
  numbers: readonly number[],
): Value {
  const raised = withAxis(layer, value, value.shape.length);
  const type = value.type === 'int32' ? 'int32' : 'float32';
  const data = Float32Array.from(numbers);
  const list = constantOperand({ shape: [numbers.length], data, type });
  return combine(layer, fn, valueOperand(raised), list);
}

/** @param categories whole numbers below `depth` */
function encoded(layer: LayerContext, categories: Value, depth: number, mode: (typeof MODES)[number]): Value {
  if (layer.options.flag('sparse', false)) throw unsupported(layer.ref, 'sparse tensors are not supported');
  const { shape } = categories;
  const all = Array.from({ length: limited(layer, depth) }, (_, i) => i);
  const hits = (value: Value): Value => cast(layer, against(layer, 'equal', value, all), 'float32');
  switch (mode) {
    case 'int':
      return categories;
    case 'one_hot':
      return hits(shape.at(-1) === 1 ? reshaped(layer, categories, shape.slice(0, -1)) : categories);
    case 'multi_hot':
    case 'count': {
      if (shape.length !== 1) {
        throw unsupported(
          layer.ref,
          `option output_mode = ${mode} is not supported for ${shape.length + 1} axes`,
        );
      }
      const rows = hits(categories);
      return reduced(layer, mode === 'count' ? 'sum' : 'max', rows, [0], false);
    }
  }
}

const discretization: LayerDefinition = {
  classNames: ['Discretization'],
  takesIntegers: true,
  build(layer, inputs) {
    const { options } = layer;
    const raw = options.raw('bin_boundaries');
    const mode = options.word('output_mode', MODES, 'int');
    options.ignore('num_bins', 'epsilon');
    const boundaries = (isList(raw) ? raw : []).filter((item) => typeof item === 'number');
    if (!isList(raw) || boundaries.length !== raw.length || raw.length === 0) {
      throw unsupported(
        layer.ref,
        'its bin_boundaries do not stand in the file',
        'Call adapt before saving.',
      );
    }
    const value = cast(layer, singleInput(inputs, layer.ref), 'float32');
    const reachedOnes = cast(layer, against(layer, 'greaterEqual', value, boundaries), 'int32');
    const category = reduced(layer, 'sum', reachedOnes, [value.shape.length], false);
    return encoded(layer, category, boundaries.length + 1, mode);
  },
};

const categoryEncoding: LayerDefinition = {
  classNames: ['CategoryEncoding'],
  takesIntegers: true,
  build(layer, inputs) {
    const mode = layer.options.word('output_mode', MODES, 'multi_hot');
    const categories = cast(layer, singleInput(inputs, layer.ref), 'int32');
    return encoded(layer, categories, layer.options.count('num_tokens'), mode);
  },
};

/** What works on texts, or by tables beside the model. */
const lookups: LayerDefinition = {
  classNames: [
    'Hashing',
    'HashedCrossing',
    'StringLookup',
    'IntegerLookup',
    'TextVectorization',
    'FeatureSpace',
  ],
  build(layer) {
    throw unsupported(
      layer.ref,
      'looks up texts or numbers in tables, which models of tensors do not have',
      'Save the model without this layer, and give it the whole numbers that the layer would give (CASE or a join in SQL).',
    );
  },
};

export const encodingLayers: readonly LayerDefinition[] = [categoryEncoding, discretization, lookups];
