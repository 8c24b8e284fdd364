/** Sums of products over letters (`abc,cd->abd`, the batch left out), as a matrix product wherever they are one. */
import type { Value } from '../../graph/ops/definition.ts';
import { at, elementCount, transposed, type Weight } from '../../graph/weight.ts';
import type { LayerContext } from './definition.ts';

/** Weights in another order and shape, made once however often a layer is called. */
const ARRANGED = new WeakMap<Weight, Map<string, Weight>>();

/** The axes in another order, then under another shape. */
export function arranged(weight: Weight, order: readonly number[], shape: readonly number[]): Weight {
  const forms = ARRANGED.get(weight) ?? new Map<string, Weight>();
  ARRANGED.set(weight, forms);
  const key = `${order.join()} ${shape.join()}`;
  const known = forms.get(key);
  if (known !== undefined) return known;
  const inOrder = order.every((axis, i) => axis === i);
  const data = inOrder ? weight.data : transposed(weight.data, weight.shape, order);
  const form = weight.with(data, shape);
  forms.set(key, form);
  return form;
}

export interface ContractionTerms {
  /** Letters of the input's axes, without the batch. */
  readonly input: string;
  readonly kernel: string;
  readonly output: string;
}

/** @param bias of the letters that `biasLetters` names, in the output's order */
export function contract(
  layer: LayerContext,
  input: Value,
  kernel: Weight,
  terms: ContractionTerms,
  bias?: { readonly weight: Weight; readonly letters: string },
): Value {
  const kept = [...terms.input].filter((letter) => !terms.kernel.includes(letter));
  const summed = [...terms.input].filter((letter) => terms.kernel.includes(letter));
  const free = [...terms.kernel].filter((letter) => !terms.input.includes(letter));
  const isProduct =
    kept.every((letter) => terms.output.includes(letter)) &&
    summed.every((letter) => !terms.output.includes(letter)) &&
    free.every((letter) => terms.output.includes(letter)) &&
    [terms.input, terms.kernel, terms.output].every((term) => new Set(term).size === term.length);
  if (!isProduct) {
    const op = {
      kind: 'einsum',
      terms: [terms.input, terms.kernel],
      output: terms.output,
      constant: kernel,
    } as const;
    const value = layer.add(op, [input]);
    return bias === undefined ? value : addBias(layer, value, bias.weight, bias.letters, terms.output);
  }
  const sizeOf = new Map<string, number>();
  for (const [axis, letter] of [...terms.input].entries()) sizeOf.set(letter, at(input.shape, axis));
  for (const [axis, letter] of [...terms.kernel].entries()) sizeOf.set(letter, at(kernel.shape, axis));
  const sizes = (letters: readonly string[]): number[] => letters.map((letter) => sizeOf.get(letter) ?? 1);
  const places = (letters: readonly string[], term: string): number[] =>
    letters.map((letter) => term.indexOf(letter));
  const inputs = elementCount(sizes(summed));
  const outputs = elementCount(sizes(free));
  const matrix = arranged(kernel, places([...summed, ...free], terms.kernel), [inputs, outputs]);
  // A bias along all new axes goes into the product itself.
  const fits = bias !== undefined && bias.letters === free.join('') && bias.weight.data.length === outputs;
  const order = places([...kept, ...summed], terms.input);
  let value = reordered(layer, input, order);
  value = reshaped(layer, value, [...sizes(kept), inputs]);
  const vector = fits
    ? arranged(
        bias.weight,
        bias.weight.shape.map((_, axis) => axis),
        [outputs],
      )
    : undefined;
  value = layer.add({ kind: 'dense', kernel: matrix, bias: vector }, [value]);
  const made = [...kept, ...free];
  value = reshaped(layer, value, sizes(made));
  value = reordered(
    layer,
    value,
    [...terms.output].map((letter) => made.indexOf(letter)),
  );
  return bias === undefined || fits ? value : addBias(layer, value, bias.weight, bias.letters, terms.output);
}

function addBias(layer: LayerContext, value: Value, bias: Weight, letters: string, output: string): Value {
  const shape = [...output].map((letter, axis) => (letters.includes(letter) ? at(value.shape, axis) : 1));
  const order = [...output]
    .filter((letter) => letters.includes(letter))
    .map((letter) => letters.indexOf(letter));
  const stored = bias.shape.length === letters.length ? order : bias.shape.map((_, axis) => axis);
  const operand = arranged(bias, stored, shape);
  return layer.add({ kind: 'elementwise', fn: 'add', operands: [undefined, operand] }, [value]);
}

export function reordered(layer: LayerContext, value: Value, order: readonly number[]): Value {
  if (order.every((axis, i) => axis === i)) return value;
  return layer.add({ kind: 'transpose', order }, [value]);
}

export function reshaped(layer: LayerContext, value: Value, shape: readonly number[]): Value {
  return value.shape.join() === shape.join() ? value : layer.add({ kind: 'reshape', shape }, [value]);
}
