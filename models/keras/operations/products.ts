/** Products of matrices and tensors. */
import type { Value } from '../../graph/ops/definition.ts';
import { at, Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { pair } from './arithmetic.ts';
import { axisOf, batchAxis } from './axes.ts';
import type { Constant } from './constants.ts';
import { cast, type Operand, requiredOperand } from './operands.ts';
import { operation, whole, wholes } from './operation.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

function asWeight(layer: LayerContext, { shape, data }: Constant): Weight {
  return new Weight(`${layer.ref.name}/constant`, shape, data);
}

/** An operand with its axes by letters; the batch has none. */
interface Term {
  readonly operand: Operand;
  readonly letters: string;
}

/** Einstein's summation; every tensor has the batch, constants have none. */
export function summed(layer: LayerContext, terms: readonly Term[], output: string): Value {
  const inputs = terms.flatMap(({ operand, letters }) =>
    operand.kind === 'value' ? [{ value: cast(layer, operand.value, 'float32'), letters }] : [],
  );
  const constants = terms.flatMap(({ operand, letters }) =>
    operand.kind === 'constant' ? [{ constant: operand.constant, letters }] : [],
  );
  const [constant, ...others] = constants;
  if (others.length > 0 || inputs.length === 0) {
    throw unsupported(layer.ref, `a product of ${constants.length} constants with ${inputs.length} tensors`);
  }
  return layer.add(
    {
      kind: 'einsum',
      terms: [...inputs.map(({ letters }) => letters), ...(constant ? [constant.letters] : [])],
      output,
      constant: constant && asWeight(layer, constant.constant),
    },
    inputs.map(({ value }) => value),
  );
}

/** `x @ y`: matrices along the last two axes, a vector along the last one; axes before them stretch. */
export function matrixProduct(layer: LayerContext, left: Operand, right: Operand): Value {
  if (left.kind === 'value' && right.kind === 'constant') {
    const { shape, data } = right.constant;
    const value = cast(layer, left.value, 'float32');
    const rank = value.shape.length;
    if (shape.length === 2 && rank >= 1) {
      const kernel = new Weight(`${layer.ref.name}/kernel`, shape, data);
      return layer.add({ kind: 'dense', kernel, bias: undefined }, [value]);
    }
    const letters = LETTERS.slice(0, rank);
    if (shape.length === 1 && rank >= 1) {
      const terms = [
        { operand: left, letters },
        { operand: right, letters: letters.slice(-1) },
      ];
      return summed(layer, terms, letters.slice(0, -1));
    }
  }
  if (left.kind === 'constant' && right.kind === 'value') {
    const { shape } = left.constant;
    const letters = LETTERS.slice(0, right.value.shape.length);
    // A matrix times each matrix of the batch.
    if (shape.length === 2 && letters.length >= 2) {
      const terms = [
        { operand: right, letters },
        { operand: left, letters: `z${letters.at(-2) ?? ''}` },
      ];
      return summed(layer, terms, `${letters.slice(0, -2)}z${letters.at(-1) ?? ''}`);
    }
  }
  if (left.kind === 'value' && right.kind === 'value') {
    const values = [left.value, right.value].map((value) => cast(layer, value, 'float32'));
    const [a, b] = values;
    if (a === undefined || b === undefined || a.shape.length !== b.shape.length || a.shape.length < 2) {
      throw unsupported(layer.ref, 'multiplies tensors whose batch axes do not face each other');
    }
    const rank = a.shape.length;
    const before = a.shape.slice(0, -2).map((size, axis) => Math.max(size, at(b.shape, axis)));
    const wide = (value: Value): Value => {
      const shape = [...before, ...value.shape.slice(rank - 2)];
      return shape.join() === value.shape.join() ? value : layer.add({ kind: 'expand', shape }, [value]);
    };
    return layer.add({ kind: 'matmul' }, [wide(a), wide(b)]);
  }
  throw unsupported(layer.ref, 'multiplies matrices of such shapes, which is not supported');
}

/** Sums over pairs of axes, the batch staying first: one of the operands has to be a constant. */
function tensorProduct(layer: LayerContext, left: Operand, right: Operand, rawAxes: unknown): Value {
  const value = left.kind === 'value' ? left : right;
  const constant = left.kind === 'value' ? right : left;
  if (value.kind !== 'value' || constant.kind !== 'constant' || left.kind !== 'value') throw batchAxis(layer);
  const rank = value.value.shape.length;
  const other = constant.constant.shape.length;
  let pairs: [number[], number[]];
  if (isList(rawAxes)) {
    const [a, b] = rawAxes;
    pairs = [wholes(layer, 'axes', a), wholes(layer, 'axes', b)];
  } else {
    const count = whole(layer, 'axes', rawAxes);
    const range = (start: number): number[] => Array.from({ length: count }, (_, i) => start + i);
    pairs = [range(rank + 1 - count), range(0)];
  }
  const ours = pairs[0].map((axis) => axisOf(layer, axis, rank));
  const theirs = pairs[1].map((axis) => (axis < 0 ? axis + other : axis));
  const letters = LETTERS.slice(0, rank);
  const constantLetters = Array.from({ length: other }, (_, axis) => {
    const pairedWith = theirs.indexOf(axis);
    return pairedWith < 0 ? (LETTERS.toUpperCase()[axis] ?? '') : (letters[ours[pairedWith] ?? 0] ?? '');
  }).join('');
  const kept = [...letters].filter((_, axis) => !ours.includes(axis)).join('');
  const fresh = [...constantLetters].filter((letter) => letter !== letter.toLowerCase()).join('');
  const rename = (text: string): string => [...text].map((letter) => renamed(letter)).join('');
  return summed(
    layer,
    [
      { operand: value, letters },
      { operand: constant, letters: rename(constantLetters) },
    ],
    rename(`${kept}${fresh}`),
  );
}

/** Capitals as letters from the end of the alphabet, which no tensor reaches. */
function renamed(letter: string): string {
  const index = LETTERS.toUpperCase().indexOf(letter);
  return index < 0 ? letter : (LETTERS[LETTERS.length - 1 - index] ?? letter);
}

/** Numpy's dot: over the last axis of the left and the last but one of the right operand. */
function dotted(layer: LayerContext, left: Operand, right: Operand): Value {
  const small = [left, right].some(({ kind }) => kind === 'constant');
  if (!small || left.kind !== 'value' || right.kind !== 'constant') throw batchAxis(layer);
  const { shape } = right.constant;
  if (shape.length <= 2) return matrixProduct(layer, left, right);
  return tensorProduct(layer, left, right, [[-1], [shape.length - 2]]);
}

/** `einsum`: the batch is the letter that stands first in every tensor and in the output. */
function einsum(layer: LayerContext): Value {
  const subscripts = layer.options.raw('subscripts');
  if (typeof subscripts !== 'string') throw layer.options.invalid('subscripts', 'a text');
  const [left = '', right] = subscripts.replaceAll(' ', '').split('->');
  const terms = left.split(',');
  if (right === undefined) throw unsupported(layer.ref, `${subscripts} leaves out what comes out`);
  const operands = terms.map((_, i) => requiredOperand(layer, `operand${i}`, i));
  const rows = operands.flatMap((operand, i) => (operand.kind === 'value' ? [terms[i] ?? ''] : []));
  const expand = (term: string, rank: number): string => {
    const missing = rank - term.replace('...', '').length;
    const dots = LETTERS.toUpperCase().slice(26 - Math.max(0, missing));
    return term.replace('...', dots);
  };
  const ranks = operands.map((operand) =>
    operand.kind === 'value' ? operand.value.shape.length + 1 : operand.constant.shape.length,
  );
  const full = terms.map((term, i) => expand(term, at(ranks, i)));
  const dotted = Math.max(
    ...terms.map((term, i) => (term.includes('...') ? at(ranks, i) - term.length + 3 : 0)),
  );
  const output = right.replace('...', LETTERS.toUpperCase().slice(26 - dotted));
  const batch = output[0] ?? '';
  const batchFirst = full.every((term, i) =>
    operands[i]?.kind === 'value' ? term[0] === batch : !term.includes(batch),
  );
  if (!batchFirst || rows.length === 0) throw batchAxis(layer);
  const unique = new Map(
    [...new Set(full.join('') + output)].map((letter, i) => [letter, LETTERS[i] ?? letter]),
  );
  const lower = (term: string): string => [...term].map((letter) => unique.get(letter) ?? letter).join('');
  if (unique.size > LETTERS.length) throw invalidLayer(layer.ref, `${subscripts} has too many axes`);
  const named = full.map((term, i) => {
    const operand = operands[i];
    if (operand === undefined) throw invalidLayer(layer.ref, `${subscripts} has too many terms`);
    return { operand, letters: lower(operand.kind === 'value' ? term.slice(1) : term) };
  });
  return summed(layer, named, lower(output.slice(1)));
}

export const productOperations: readonly LayerDefinition[] = [
  operation('Matmul', (layer) => matrixProduct(layer, ...pair(layer))),
  operation('Dot', (layer) => dotted(layer, ...pair(layer))),
  operation('Tensordot', (layer) => tensorProduct(layer, ...pair(layer), layer.options.raw('axes') ?? 2)),
  operation('Einsum', einsum),
];
