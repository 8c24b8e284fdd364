/** MultiHeadAttention and GroupQueryAttention. */
import type { Value } from '../../graph/ops/definition.ts';
import { at, elementCount, Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import { withPattern } from './attention.ts';
import { contract, reordered, reshaped } from './contraction.ts';
import type { LayerContext, LayerDefinition, LayerPart } from './definition.ts';
import { asTruth, bothValid, maskedSoftmax, whereValid } from './masking.ts';

/** What Keras puts in place of masked scores where it computes attention in one go: as good as minus infinity. */
const LOWEST_SCORE = Math.fround(-0.7 * 3.38953e38);

interface Heads {
  readonly query: number;
  readonly key: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly useBias: boolean;
}

interface Sequences {
  readonly query: Value;
  readonly value: Value;
  readonly key: Value;
  /** True when the call names a key of its own, which then has a mask of its own. */
  readonly ownKey: boolean;
}

function sequencesOf(layer: LayerContext, [query]: readonly Value[]): Sequences {
  const value = layer.arguments.tensor('value', 1);
  const key = layer.arguments.tensor('key', 2);
  if (query === undefined || value === undefined) throw invalidLayer(layer.ref, 'is called without a value');
  return { query, value, key: key ?? value, ownKey: key !== undefined };
}

/** Files call the attributes `query_dense` or `_query_dense`, from class to class and version to version. */
function partNamed(attribute: string, name: string): LayerPart {
  return { storage: attribute, otherStorage: `_${attribute}`, name };
}

/** Projects the last axis to heads: `...d,dhk->...hk`. */
function project(
  layer: LayerContext,
  value: Value,
  part: string,
  heads: number,
  size: number,
  useBias: boolean,
): Value {
  const { kernel, bias } = layer.weights(
    {
      kernel: [at(value.shape, value.shape.length - 1), heads, size],
      bias: useBias ? [heads, size] : undefined,
    },
    [],
    partNamed(`${part}_dense`, part),
  );
  const axes = 'abcdefg'.slice(0, value.shape.length - 1);
  const terms = { input: `${axes}x`, kernel: 'xyz', output: `${axes}yz` };
  return contract(layer, value, kernel, terms, bias && { weight: bias, letters: 'yz' });
}

/** The way back: `...hk,hko->...o`, for an output of any number of axes. */
function projectBack(layer: LayerContext, value: Value, outputs: readonly number[], useBias: boolean): Value {
  const [heads, size] = value.shape.slice(-2);
  const { kernel, bias } = layer.weights(
    { kernel: [heads ?? 0, size ?? 0, ...outputs], bias: useBias ? outputs : undefined },
    [],
    partNamed('output_dense', 'attention_output'),
  );
  const axes = 'abcdefg'.slice(0, value.shape.length - 2);
  const made = 'pqrstuv'.slice(0, outputs.length);
  const terms = { input: `${axes}yz`, kernel: `yz${made}`, output: axes + made };
  return contract(layer, value, kernel, terms, bias && { weight: bias, letters: made });
}

/** Gated attention multiplies what the heads give with a sigmoid of the query. */
function gated(layer: LayerContext, output: Value, query: Value, useBias: boolean): Value {
  if (!layer.options.flag('use_gate', false)) return output;
  const [heads, size] = output.shape.slice(-2);
  const gate = project(layer, query, 'gate', heads ?? 0, size ?? 0, useBias);
  const open = layer.add({ kind: 'activation', fn: { name: 'sigmoid' } }, [gate]);
  return layer.add({ kind: 'merge', mode: 'multiply' }, [output, open]);
}

/**
 * Which keys each query sees: the masks of the sequences, causality, a window, the argument `attention_mask`.
 *
 * @returns of shape [queries or 1, keys], or with axes before these; undefined when all see all
 */
function attentionMask(
  layer: LayerContext,
  sequences: Sequences,
  queries: number,
  keys: number,
): Value | undefined {
  const { query, value, key, ownKey } = sequences;
  const given = layer.arguments;
  const queryMask = layer.maskOf(query);
  const valueMask = given.tensor('value_mask') ?? layer.maskOf(value);
  const keyMask = given.tensor('key_mask') ?? (ownKey ? layer.maskOf(key) : undefined);
  const implicit = [queryMask, valueMask, keyMask].some((mask) => mask !== undefined);
  if (implicit && layer.keras === 2) {
    throw unsupported(layer.ref, 'what masks of its inputs do here differs between versions of Keras 2');
  }
  const asRow = (mask: Value): Value =>
    layer.add({ kind: 'reshape', shape: [1, keys] }, [asTruth(layer, mask)]);
  let mask = queryMask && layer.add({ kind: 'reshape', shape: [queries, 1] }, [asTruth(layer, queryMask)]);
  for (const row of [valueMask, keyMask]) mask = bothValid(layer, mask, row && asRow(row));
  const distance = (sees: (from: number, to: number) => boolean, name: string): Weight => {
    const data = Float32Array.from({ length: queries * keys }, (_, i) =>
      sees(Math.floor(i / keys), i % keys) ? 1 : 0,
    );
    return new Weight(`${layer.ref.name}/${name}`, [queries, keys], data);
  };
  if (given.literal('use_causal_mask') === true) {
    mask = withPattern(
      layer,
      mask,
      query,
      distance((from, to) => from >= to, 'causal'),
    );
  }
  if (layer.options.raw('sliding_window') !== null) {
    const window = layer.options.count('sliding_window');
    mask = withPattern(
      layer,
      mask,
      query,
      distance((from, to) => Math.abs(from - to) < window, 'window'),
    );
  }
  const explicit = given.tensor('attention_mask');
  if (explicit === undefined) return mask;
  if (explicit.shape.length !== 2 && mask !== undefined) {
    const shape = [...new Array<number>(explicit.shape.length - 2).fill(1), ...mask.shape];
    mask = layer.add({ kind: 'reshape', shape }, [mask]);
  }
  return bothValid(layer, mask, asTruth(layer, explicit));
}

/**
 * softmax(query · key) · value for every head.
 *
 * @param query [..., heads, queries, size], as key and value with their own numbers of steps
 * @param mask of the scores' rank, or undefined
 * @param explicit whether Keras computes the scores by themselves, and gives them: then rows that see nothing are
 *   zeros, else they see everything alike
 */
function attend(
  layer: LayerContext,
  query: Value,
  key: Value,
  value: Value,
  mask: Value | undefined,
  size: number,
  explicit: boolean,
): { readonly output: Value; readonly scores: Value } {
  const rank = key.shape.length;
  const axes = key.shape.map((_, axis) => axis);
  const columns = layer.add({ kind: 'transpose', order: [...axes.slice(0, -2), rank - 1, rank - 2] }, [key]);
  const factor = new Weight(`${layer.ref.name}/scale`, [], Float32Array.of(1 / Math.sqrt(size)));
  const scaled = layer.add({ kind: 'elementwise', fn: 'multiply', operands: [undefined, factor] }, [query]);
  const products = layer.add({ kind: 'matmul' }, [scaled, columns]);
  const softmax = (input: Value): Value =>
    layer.add({ kind: 'softmax', axis: rank - 1, log: false }, [input]);
  let scores: Value;
  if (mask === undefined) scores = softmax(products);
  else if (explicit) scores = maskedSoftmax(layer, mask, products, rank - 1);
  else scores = softmax(whereValid(layer, mask, products, LOWEST_SCORE));
  return { output: layer.add({ kind: 'matmul' }, [scores, value]), scores };
}

const multiHeadAttention: LayerDefinition = {
  classNames: ['MultiHeadAttention'],
  differsInTraining: true,
  build(layer, inputs) {
    const { options } = layer;
    const sequences = sequencesOf(layer, inputs);
    const { query, value, key } = sequences;
    const rank = query.shape.length;
    const heads = readHeads(layer);
    options.ignore('query_shape', 'key_shape', 'value_shape', 'flash_attention');
    const dropout = options.number('dropout', 0) > 0;
    const axes = attentionAxes(layer, rank);
    const returnsScores = layer.arguments.literal('return_attention_scores') === true;
    if ([value, key].some(({ shape }) => shape.length !== rank)) {
      throw unsupported(layer.ref, 'its query, value and key have different numbers of axes');
    }
    const explicit = dropout || returnsScores || rank !== 2;
    const lengths = (of: Value): number[] => axes.map((axis) => at(of.shape, axis));
    const [queries, keys] = [elementCount(lengths(query)), elementCount(lengths(key))];
    const [only, ...others] = axes;
    const simple = only === 0 && others.length === 0 && rank === 2;
    const mask = simple ? attentionMask(layer, sequences, queries, keys) : plainMask(layer, sequences);
    // Keras takes the masks off the tensors that the layer has used.
    const q = project(layer, query, 'query', heads.query, heads.keySize, heads.useBias);
    const k = project(layer, key, 'key', heads.query, heads.keySize, heads.useBias);
    const v = project(layer, value, 'value', heads.query, heads.valueSize, heads.useBias);
    const outside = query.shape
      .map((_, axis) => axis)
      .slice(0, -1)
      .filter((axis) => !axes.includes(axis));
    const headsFirst = [...outside, rank - 1, ...axes, rank];
    const apart = (projected: Value): Value => {
      const turned = reordered(layer, projected, headsFirst);
      const lead = turned.shape.slice(0, outside.length + 1);
      const steps = elementCount(turned.shape.slice(outside.length + 1, -1));
      return reshaped(layer, turned, [...lead, steps, at(turned.shape, rank)]);
    };
    const flatMask = mask && maskOfScores(layer, mask, outside.length, lengths(query), lengths(key));
    const { output, scores } = attend(layer, apart(q), apart(k), apart(v), flatMask, heads.keySize, explicit);
    const lead = output.shape.slice(0, outside.length + 1);
    const spread = reshaped(layer, output, [...lead, ...lengths(query), heads.valueSize]);
    const back = reordered(
      layer,
      spread,
      headsFirst.map((_, axis) => headsFirst.indexOf(axis)),
    );
    const result = projectBack(
      layer,
      gated(layer, back, query, heads.useBias),
      outputShape(layer, query),
      heads.useBias,
    );
    layer.setMask(result, layer.maskOf(query));
    for (const used of [query, value, key]) layer.dropMask(used);
    if (!returnsScores) return result;
    return [result, reshaped(layer, scores, [...lead, ...lengths(query), ...lengths(key)])];
  },
};

function readHeads({ options }: LayerContext): Heads {
  const count = options.count('num_heads');
  const keySize = options.count('key_dim');
  const valueSize = options.raw('value_dim') === null ? keySize : options.count('value_dim');
  return { query: count, key: count, keySize, valueSize, useBias: options.flag('use_bias', true) };
}

function outputShape({ options }: LayerContext, query: Value): readonly number[] {
  const raw = options.raw('output_shape');
  if (raw === null) return query.shape.slice(-1);
  const sizes = isList(raw) ? raw : [raw];
  return sizes.map((size) => {
    if (typeof size === 'number' && Number.isSafeInteger(size) && size > 0) return size;
    throw options.invalid('output_shape', 'a shape');
  });
}

/** Axes that attention goes over, without the batch. */
function attentionAxes({ options, ref }: LayerContext, rank: number): number[] {
  const raw = options.raw('attention_axes');
  if (raw === null) return Array.from({ length: rank - 1 }, (_, axis) => axis);
  const axes = (isList(raw) ? raw : [raw]).map((axis) => {
    if (typeof axis !== 'number') throw options.invalid('attention_axes', 'a list of axes');
    // Keras counts the batch and the axis of the heads.
    return axis < 0 ? axis + rank : axis - 1;
  });
  if (axes.some((axis) => axis < 0 || axis > rank - 2) || new Set(axes).size !== axes.length) {
    throw invalidLayer(ref, `option attention_axes = ${axes.join(', ')} names axes that its input lacks`);
  }
  return axes;
}

/** Where attention goes over several axes only a mask of all scores has a meaning. */
function plainMask(layer: LayerContext, { query, value, key }: Sequences): Value | undefined {
  const carried = [query, value, key].some((of) => layer.maskOf(of) !== undefined);
  const asked =
    carried ||
    layer.arguments.literal('use_causal_mask') === true ||
    layer.options.raw('sliding_window') !== null;
  if (asked) throw unsupported(layer.ref, 'masks of sequences with several axes are not supported');
  const mask = layer.arguments.tensor('attention_mask');
  return mask && asTruth(layer, mask);
}

/** [..., queries…, keys…] → [..., 1 for the heads, queries, keys], as Keras fills in axes. */
function maskOfScores(
  layer: LayerContext,
  mask: Value,
  leading: number,
  queries: readonly number[],
  keys: readonly number[],
): Value {
  const last = queries.length + keys.length;
  const before = mask.shape.slice(0, -last);
  const missing = leading + 1 - before.length;
  const own = mask.shape.slice(-last);
  if (missing < 0 || own.length !== last) {
    throw unsupported(layer.ref, `an attention_mask of shape (batch, ${mask.shape.join(', ')}) does not fit`);
  }
  const lead = [...before, ...new Array<number>(missing).fill(1)];
  if (queries.length === 1) return reshaped(layer, mask, [...lead, ...own]);
  const full = reshaped(layer, mask, [...lead, ...own]);
  const stretched = layer.add({ kind: 'expand', shape: [...lead, ...queries, ...keys] }, [full]);
  return reshaped(layer, stretched, [...lead, elementCount(queries), elementCount(keys)]);
}

const groupQueryAttention: LayerDefinition = {
  classNames: ['GroupQueryAttention', 'GroupedQueryAttention'],
  differsInTraining: true,
  build(layer, inputs) {
    const { options } = layer;
    const sequences = sequencesOf(layer, inputs);
    const { query, value, key } = sequences;
    if ([query, value, key].some(({ shape }) => shape.length !== 2)) {
      throw invalidLayer(layer.ref, 'takes sequences (batch, steps, features)');
    }
    options.ignore('flash_attention');
    const size = options.count('head_dim');
    const queryHeads = options.count('num_query_heads');
    const keyHeads = options.count('num_key_value_heads');
    if (queryHeads % keyHeads !== 0) {
      throw invalidLayer(layer.ref, `${queryHeads} query heads do not split into ${keyHeads} groups`);
    }
    const useBias = options.flag('use_bias', true);
    const returnsScores = layer.arguments.literal('return_attention_scores') === true;
    const explicit = options.number('dropout', 0) > 0 || returnsScores;
    const [queries, keys] = [at(query.shape, 0), at(key.shape, 0)];
    const mask = attentionMask(layer, sequences, queries, keys);
    const flatMask = mask && maskOfScores(layer, mask, 0, [queries], [keys]);
    const headsFirst = (of: Value, part: string, heads: number): Value =>
      reordered(layer, project(layer, of, part, heads, size, useBias), [1, 0, 2]);
    // Heads of a group stand together and share one key and one value.
    const repeated = (of: Value): Value => {
      const repeats = queryHeads / keyHeads;
      if (repeats === 1) return of;
      const indices = Array.from({ length: queryHeads }, (_, head) => Math.floor(head / repeats));
      return layer.add({ kind: 'gather', indices, axis: 0 }, [of]);
    };
    const { output, scores } = attend(
      layer,
      headsFirst(query, 'query', queryHeads),
      repeated(headsFirst(key, 'key', keyHeads)),
      repeated(headsFirst(value, 'value', keyHeads)),
      flatMask,
      size,
      explicit,
    );
    const back = gated(layer, reordered(layer, output, [1, 0, 2]), query, useBias);
    const result = projectBack(layer, back, query.shape.slice(-1), useBias);
    return returnsScores ? [result, scores] : result;
  },
};

export const multiHeadAttentionLayers: readonly LayerDefinition[] = [multiHeadAttention, groupQueryAttention];
