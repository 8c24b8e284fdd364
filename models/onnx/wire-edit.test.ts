import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema } from 'onnx-buf';
import { compileModel } from '../compile.ts';
import { ModelError } from '../model-error.ts';
import { WireMessage } from './wire.ts';
import { editGraph } from './wire-edit.ts';

const GRAPH = 7;
const named = (name: string) => new WireMessage().text(1, name);
const edit = { inputs: new Map(), outputs: [], metadata: {} };

function read(bytes: Uint8Array) {
  const { graph, producerName, metadataProps } = fromBinary(ModelProtoSchema, bytes);
  return {
    producerName,
    inputs: graph?.input.map(({ name }) => name),
    outputs: graph?.output.map(({ name }) => name),
    weights: graph?.initializer.map(({ rawData }) => rawData.length),
    notes: metadataProps.map(({ key, value }) => `${key}=${value}`),
  };
}

describe('foreign files are edited without decoding them', () => {
  const weights = new WireMessage().text(8, 'w').bytes(9, new Uint8Array(100_000).fill(7));
  const graph = new WireMessage().message(11, named('x')).message(5, weights).message(11, named('y'));
  const whole = new WireMessage()
    .text(2, 'someone')
    .message(GRAPH, graph.message(12, named('z')))
    .float(99, 1)
    .toBytes();

  it('bytes stay as they are where nothing changes', () => {
    assert.deepEqual(Buffer.from(editGraph(whole, edit)), Buffer.from(whole));
  });

  it('inputs are replaced and dropped, outputs and notes added', () => {
    const inputs = new Map([
      ['x', named('other').toBytes()],
      ['y', undefined],
    ]);
    const edited = editGraph(whole, { inputs, outputs: [named('inner').toBytes()], metadata: { a: 'b' } });
    assert.deepEqual(read(edited), {
      producerName: 'someone',
      inputs: ['other'],
      outputs: ['z', 'inner'],
      weights: [100_000],
      notes: ['a=b'],
    });
  });

  it('a graph that comes in pieces gets its new outputs once', () => {
    const pieces = new WireMessage()
      .message(GRAPH, new WireMessage().message(11, named('x')))
      .message(GRAPH, new WireMessage().message(12, named('z')))
      .toBytes();
    const edited = editGraph(pieces, { ...edit, outputs: [named('inner').toBytes()] });
    assert.deepEqual(read(edited).outputs, ['inner', 'z']);
  });

  it('what is no message is refused', () => {
    for (const bytes of [[0x0a], [0x0a, 5, 1], [0x0b], [0x0d, 1], Array<number>(20).fill(255)]) {
      assert.throws(() => editGraph(Uint8Array.from(bytes), edit), ModelError);
    }
  });
});

it("ONNX Runtime's own format is refused, whatever else its bytes say", async () => {
  // A producer's name stands where that format has its mark.
  const bytes = new WireMessage().int(1, 8).text(2, 'ORTM and more').message(GRAPH, named('graph')).toBytes();
  assert.equal(Buffer.from(bytes.subarray(4, 8)).toString(), 'ORTM');
  await assert.rejects(
    compileModel({ name: 'a.onnx', bytes }, { preprocess: 'none', output: undefined }),
    /ONNX Runtime's own format/,
  );
});
