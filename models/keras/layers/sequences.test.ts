/** What layers over sequences refuse, and what they do where Keras would stop. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { lowerToOnnx } from '../../onnx/lower/index.ts';
import { INFERENCE_PASSES, runPasses } from '../../passes/index.ts';
import { parseArchitecture } from '../config/architecture.ts';
import { type ImportedModel, importModel } from '../import.ts';
import type { StoredTensor } from '../read/h5.ts';
import type { StoredWeight, WeightSource } from '../read/weight-source.ts';

type Options = Readonly<Record<string, unknown>>;
interface Layer {
  readonly class_name: string;
  readonly config: Options;
}

/** Weights of the shapes that are asked for, told by the names of their layers. */
function weights(shapes: Readonly<Record<string, readonly (readonly number[])[]>>): WeightSource {
  const stored = (shape: readonly number[], i: number): StoredWeight & StoredTensor => {
    const length = shape.reduce((product, size) => product * size, 1);
    const numbers = Float32Array.from({ length }, (_, at) => Math.sin(at * 7 + i));
    return { path: `${i}`, shape, role: undefined, read: () => numbers };
  };
  return { weightsOf: ({ names }) => (shapes[names[0] ?? ''] ?? []).map(stored) };
}

function sequential(
  shape: readonly number[],
  layers: readonly Layer[],
  source: WeightSource,
  output?: string,
): ImportedModel {
  const input = { class_name: 'InputLayer', config: { name: 'input', batch_shape: [null, ...shape] } };
  const config = { class_name: 'Sequential', config: { name: 'model', layers: [input, ...layers] } };
  return importModel(parseArchitecture(config), source, 3, {
    feed: (declared, _all, builder) =>
      builder.add(
        { kind: 'input', name: declared.name, shape: declared.shape, type: 'float32' },
        [],
        declared.ref,
      ),
    output,
    inputShape: undefined,
  });
}

const LSTM = { units: 2, activation: 'tanh', recurrent_activation: 'sigmoid', name: 'reader' };
const LSTM_WEIGHTS = { reader: [[3, 8], [2, 8], [8]] };

function lstm(options: Options, source = weights(LSTM_WEIGHTS), output?: string): ImportedModel {
  return sequential([5, 3], [{ class_name: 'LSTM', config: { ...LSTM, ...options } }], source, output);
}

describe('layers over sequences', () => {
  it('refuse states that stay from row to row', () => {
    assert.throws(() => lstm({ stateful: true }), /layer "reader" \(LSTM\): option stateful = true/);
  });

  it('refuse options that nobody knows', () => {
    assert.throws(() => lstm({ time_major: true }), /option time_major = true is not known/);
  });

  it('refuse weights of other shapes', () => {
    const source = weights({ reader: [[3, 8], [2, 6], [8]] });
    assert.throws(() => lstm({}, source), /recurrent_kernel should have shape \(2, 8\)/);
  });

  it('refuse inputs that are no sequences', () => {
    const model = () => sequential([4], [{ class_name: 'LSTM', config: LSTM }], weights(LSTM_WEIGHTS));
    assert.throws(model, /takes a sequence \(batch, steps, features\), not \(batch, 4\)/);
  });

  it('refuse cells of unknown classes, naming them', () => {
    const cell = { class_name: 'PeepholeCell', config: { units: 2, name: 'peephole' } };
    const model = () =>
      sequential([5, 3], [{ class_name: 'RNN', config: { name: 'reader', cell } }], weights({}));
    assert.throws(model, /layer "reader\/peephole" \(PeepholeCell\): cells of class PeepholeCell/);
  });

  it('refuse custom layers within wrappers', () => {
    const layer = { class_name: 'Mine', module: 'my.code', config: { name: 'mine' } };
    const model = () =>
      sequential([5, 3], [{ class_name: 'TimeDistributed', config: { name: 'each', layer } }], weights({}));
    assert.throws(model, /layer "each\/mine" \(Mine\): Mine is a custom object/);
  });

  it('refuse two directions that are one', () => {
    const layer = { class_name: 'LSTM', config: LSTM };
    const config = { name: 'both', layer, backward_layer: layer };
    const model = () => sequential([5, 3], [{ class_name: 'Bidirectional', config }], weights({}));
    assert.throws(model, /layer "both" \(Bidirectional\): its two layers go in the same direction/);
  });

  it('refuse wrappers that hold each other without end', () => {
    let layer: Layer = { class_name: 'Dense', config: { name: 'dense', units: 1 } };
    for (let i = 0; i < 40; i++) layer = { class_name: 'TimeDistributed', config: { name: `t${i}`, layer } };
    assert.throws(
      () => sequential(new Array<number>(30).fill(1), [layer], weights({})),
      /nested deeper than/,
    );
  });

  it('refuse sums that lose the batch', () => {
    const config = { name: 'sum', equation: 'abc,cd->bd', output_shape: 4, bias_axes: null };
    const model = () => sequential([5, 3], [{ class_name: 'EinsumDense', config }], weights({}));
    assert.throws(
      model,
      /layer "sum" \(EinsumDense\): option equation = "abc,cd->bd" does not keep the batch/,
    );
  });

  it('answer NaN for ids that the table lacks, for their own row only, and count negative ones from its end', async () => {
    const config = { name: 'words', input_dim: 4, output_dim: 2 };
    const source = weights({ words: [[4, 2]] });
    const { graph } = sequential([2], [{ class_name: 'Embedding', config }], source);
    const session = await InferenceSession.create(lowerToOnnx(runPasses(graph, INFERENCE_PASSES), 'test'));
    const ids = Float32Array.of(0, 3, 1, 4, -1, 2, -5, 0);
    const results = await session.run({ input: new Tensor('float32', ids, [4, 2]) });
    const rows = Array.from({ length: 4 }, (_, row) =>
      [...(results.words?.data ?? [])].slice(row * 4, row * 4 + 4).map(Number),
    );
    const table = Array.from({ length: 8 }, (_, at) => Math.fround(Math.sin(at * 7)));
    assert.deepEqual(rows[0], [...table.slice(0, 2), ...table.slice(6, 8)]);
    assert.deepEqual(rows[1], [...table.slice(2, 4), Number.NaN, Number.NaN]);
    assert.deepEqual(rows[2], [...table.slice(6, 8), ...table.slice(4, 6)]);
    assert.deepEqual(rows[3], [Number.NaN, Number.NaN, ...table.slice(0, 2)]);
    await session.release();
  });

  it('run one operator for all results of a recurrence', () => {
    const { graph } = lstm({ return_sequences: true, return_state: true }, weights(LSTM_WEIGHTS), 'reader');
    assert.equal(graph.outputs.length, 3);
    const model = fromBinary(ModelProtoSchema, lowerToOnnx(graph, 'test'));
    const kinds = model.graph?.node.map(({ opType }) => opType) ?? [];
    assert.equal(kinds.filter((kind) => kind === 'LSTM').length, 1);
  });
});
