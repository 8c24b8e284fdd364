import type { EinsumOp, EmbeddingOp, ExpandOp, MatmulOp, StepsOp } from '../../graph/ops/sequence.ts';
import { at } from '../../graph/weight.ts';
import type { Lower } from './lowering.ts';

/**
 * Negative ids count from the end, as in Keras. TensorFlow ends a batch with an error where the table lacks an id; here
 * the id gets a row of NaN, which spoils the answer for its own input row and no other.
 */
export const lowerEmbedding: Lower<EmbeddingOp> = (op, [ids = ''], { op: emit, writer, weight }) => {
  const { table } = op;
  const [rows, width] = [at(table.shape, 0), at(table.shape, 1)];
  const integer = (value: number): string => {
    const data = Int32Array.of(value);
    return writer.initializer(`id ${value}`, 'int32', [], new Uint8Array(data.buffer));
  };
  const name = weight(table, 'with a row of NaN', () => {
    const data = new Float32Array((rows + 1) * width).fill(Number.NaN);
    data.set(table.data);
    return { shape: [rows + 1, width], data };
  });
  const [zero, count] = [integer(0), integer(rows)];
  const fromStart = emit('Where', [emit('Less', [ids, zero]), emit('Add', [ids, count]), ids]);
  const known = emit('And', [emit('GreaterOrEqual', [fromStart, zero]), emit('Less', [fromStart, count])]);
  return emit('Gather', [name, emit('Where', [known, fromStart, count])], { axis: { int: 0 } });
};

export const lowerMatmul: Lower<MatmulOp> = (_op, inputs, { op: emit }) => emit('MatMul', inputs);

/** A letter that no term of Keras' equations can have left over: they have at most 26 of 52. */
export const lowerEinsum: Lower<EinsumOp> = (op, inputs, { op: emit, weight, layer }) => {
  const used = new Set([...op.terms, op.output].flatMap((term) => [...term]));
  const batch = [...'ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba'].find(
    (letter) => !used.has(letter),
  );
  if (batch === undefined) throw new RangeError(`${layer.name}: no letter is left for the batch`);
  const terms = op.terms.map((term, i) => (i < inputs.length ? batch + term : term));
  const equation = `${terms.join(',')}->${batch}${op.output}`;
  const constant = op.constant === undefined ? [] : [weight(op.constant, 'as it is')];
  return emit('Einsum', [...inputs, ...constant], { equation: { text: equation } });
};

export const lowerSteps: Lower<StepsOp> = (_op, inputs, { op: emit, writer, output }) =>
  emit('Reshape', [...inputs, writer.integers([-1, ...output.shape])]);

/** 1 keeps an axis as long as it is: the batch stays free. */
export const lowerExpand: Lower<ExpandOp> = (op, inputs, { op: emit, writer }) =>
  emit('Expand', [...inputs, writer.integers([1, ...op.shape])]);
