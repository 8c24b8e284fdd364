/** Attention (Luong) and AdditiveAttention (Bahdanau). */
import type { Value } from '../../graph/ops/definition.ts';
import { describeShape } from '../../graph/ops/image-input.ts';
import { at, Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import type { CallArgument } from './arguments.ts';
import { arranged } from './contraction.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';
import { asTruth, bothValid, whereValid } from './masking.ts';

/** What Keras takes from the scores of what is masked. */
const MASKED_OFFSET = -1e9;

type Score = (layer: LayerContext, query: Value, key: Value) => Value;

function attentionLayer(className: string, score: Score): LayerDefinition {
  return {
    classNames: [className],
    differsInTraining: true,
    build(layer, inputs) {
      const [query, value, key = value, ...others] = inputs;
      const plain = inputs.every(({ shape }) => shape.length === 2);
      if (query === undefined || value === undefined || key === undefined || others.length > 0 || !plain) {
        const shapes = inputs.map(describeShape).join(', ');
        throw invalidLayer(
          layer.ref,
          `takes a query, a value and perhaps a key, each a sequence, not ${shapes}`,
        );
      }
      const { options } = layer;
      options.ignore('dropout');
      const causal = layer.arguments.literal('use_causal_mask') === true || options.flag('causal', false);
      const [queryMask, valueMask] = masksOf(layer, [query, value]);
      let scores = score(layer, query, key);
      const [queries, values] = [at(scores.shape, 0), at(scores.shape, 1)];
      const row =
        valueMask && layer.add({ kind: 'reshape', shape: [1, values] }, [asTruth(layer, valueMask)]);
      const mask = causal ? causalMask(layer, row, query, queries, values) : row;
      if (mask !== undefined) {
        const operand = new Weight(`${layer.ref.name}/masked`, [], Float32Array.of(MASKED_OFFSET));
        const low = layer.add({ kind: 'elementwise', fn: 'add', operands: [undefined, operand] }, [scores]);
        scores = layer.add(
          { kind: 'elementwise', fn: 'select', operands: [undefined, undefined, undefined] },
          [mask, scores, low],
        );
      }
      const weights = layer.add({ kind: 'softmax', axis: 1, log: false }, [scores]);
      let output = layer.add({ kind: 'matmul' }, [weights, value]);
      if (queryMask !== undefined) {
        const column = layer.add({ kind: 'reshape', shape: [queries, 1] }, [asTruth(layer, queryMask)]);
        output = whereValid(layer, column, output, 0);
        layer.setMask(output, queryMask);
      }
      return layer.arguments.literal('return_attention_scores') === true ? [output, weights] : output;
    },
  };
}

/** The masks that the call names, else those that the inputs carry. */
function masksOf(layer: LayerContext, inputs: readonly Value[]): (Value | undefined)[] {
  const given = layer.arguments.get('mask');
  if (given === undefined) return inputs.map((input) => layer.maskOf(input));
  if (given.kind !== 'list') throw unsupported(layer.ref, 'is called with one mask for several inputs');
  return given.items.slice(0, 2).map((item: CallArgument) => {
    if (item.kind === 'tensor') return item.value;
    if (item.kind === 'literal' && item.value === null) return undefined;
    throw unsupported(layer.ref, 'is called with a mask that is not a tensor');
  });
}

/**
 * A mask in which no query sees what comes after it.
 *
 * @param mask what else is masked, of shape [1 or queries, values]
 * @param like any value: it says how many rows there are
 */
export function causalMask(
  layer: LayerContext,
  mask: Value | undefined,
  like: Value,
  queries: number,
  values: number,
): Value {
  const data = Float32Array.from({ length: queries * values }, (_, i) =>
    Math.floor(i / values) >= i % values ? 1 : 0,
  );
  return withPattern(layer, mask, like, new Weight(`${layer.ref.name}/causal`, [queries, values], data));
}

/** The mask, and a pattern that is the same for every row. */
export function withPattern(
  layer: LayerContext,
  mask: Value | undefined,
  like: Value,
  pattern: Weight,
): Value {
  const value = layer.add({ kind: 'constant', value: pattern, type: 'bool' }, [like]);
  return bothValid(layer, mask, value) ?? value;
}

const dotScore: Score = (layer, query, key) => {
  const scaled = layer.options.flag('use_scale', false);
  const mode = layer.options.word('score_mode', ['dot', 'concat'], 'dot');
  const { scale, concat_score_weight: factor } = layer.weights({
    scale: scaled ? [] : undefined,
    concat_score_weight: mode === 'concat' ? [] : undefined,
  });
  if (mode === 'concat') {
    const width = at(query.shape, -1 + query.shape.length);
    const sum = pairwiseSum(layer, query, key);
    const inside = scale === undefined ? sum : times(layer, sum, scale);
    const kernel = new Weight(`${layer.ref.name}/ones`, [width, 1], new Float32Array(width).fill(1));
    const scores = scoresOf(layer, inside, kernel);
    return factor === undefined ? scores : times(layer, scores, factor);
  }
  const columns = layer.add({ kind: 'transpose', order: [1, 0] }, [key]);
  const scores = layer.add({ kind: 'matmul' }, [query, columns]);
  return scale === undefined ? scores : times(layer, scores, scale);
};

const additiveScore: Score = (layer, query, key) => {
  const width = at(query.shape, 1);
  const { scale } = layer.weights({ scale: layer.options.flag('use_scale', true) ? [width] : undefined });
  layer.options.word('score_mode', ['dot'], 'dot');
  const kernel =
    scale === undefined
      ? new Weight(`${layer.ref.name}/ones`, [width, 1], new Float32Array(width).fill(1))
      : arranged(scale, [0], [width, 1]);
  return scoresOf(layer, pairwiseSum(layer, query, key), kernel);
};

/** Every query plus every key: [queries, keys, features]. */
function pairwiseSum(layer: LayerContext, query: Value, key: Value): Value {
  const [queries, width] = [at(query.shape, 0), at(query.shape, 1)];
  const rows = layer.add({ kind: 'reshape', shape: [queries, 1, width] }, [query]);
  const columns = layer.add({ kind: 'reshape', shape: [1, at(key.shape, 0), at(key.shape, 1)] }, [key]);
  return layer.add({ kind: 'merge', mode: 'add' }, [rows, columns]);
}

function scoresOf(layer: LayerContext, sums: Value, kernel: Weight): Value {
  const bent = layer.add({ kind: 'activation', fn: { name: 'tanh' } }, [sums]);
  const product = layer.add({ kind: 'dense', kernel, bias: undefined }, [bent]);
  return layer.add({ kind: 'reshape', shape: sums.shape.slice(0, 2) }, [product]);
}

function times(layer: LayerContext, value: Value, factor: Weight): Value {
  return layer.add({ kind: 'elementwise', fn: 'multiply', operands: [undefined, factor] }, [value]);
}

export const attentionLayers: readonly LayerDefinition[] = [
  attentionLayer('Attention', dotScore),
  attentionLayer('AdditiveAttention', additiveScore),
];
