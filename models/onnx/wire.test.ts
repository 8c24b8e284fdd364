import assert from 'node:assert/strict';
import { it } from 'node:test';
import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, TensorProtoSchema } from 'onnx-buf';
import { OnnxGraphWriter } from './graph-writer.ts';
import { WireMessage } from './wire.ts';

it('writes what a protobuf library reads', () => {
  const big = new Uint8Array(100_000).map((_, i) => i % 251);
  const message = new WireMessage()
    .int(1, 1)
    .int(1, 300)
    .int(1, 2n ** 40n)
    .int(1, -2)
    .int(2, 1)
    .text(8, 'Größe ✓')
    .bytes(9, big);
  const bytes = message.toBytes();
  assert.equal(bytes.length, message.size_bytes);
  const tensor = fromBinary(TensorProtoSchema, bytes);
  assert.deepEqual(tensor.dims, [1n, 300n, 2n ** 40n, -2n]);
  assert.equal(tensor.dataType, 1);
  assert.equal(tensor.name, 'Größe ✓');
  assert.deepEqual(Buffer.from(tensor.rawData), Buffer.from(big));
});

it('writes whole models: names, attributes, constants shared, batch free', () => {
  const writer = new OnnxGraphWriter();
  writer.input('x', 'uint8', [4, 5]);
  writer.output('y', 'float32', [4]);
  writer.requireOpset(20);
  const axes = writer.integers([1, -1]);
  assert.equal(writer.integers([1, -1]), axes);
  assert.equal(writer.scalar(0.5), writer.scalar(0.5));
  assert.notEqual(
    writer.floats('w', [2], Float32Array.of(1, 2)),
    writer.floats('w', [1], Float32Array.of(3)),
  );
  const attributes = {
    f: { float: -1.5 },
    i: { int: -7 },
    is: { ints: [1, 2 ** 33] },
    s: { text: 'constant' },
  };
  writer.node('Op', ['x', axes], ['y'], attributes);
  const model = fromBinary(ModelProtoSchema, writer.toBytes('9'));
  assert.equal(model.producerVersion, '9');
  assert.equal(model.opsetImport[0]?.version, 20n);
  const { graph } = model;
  assert.ok(graph);
  const [f, i, is, s] = graph.node[0]?.attribute ?? [];
  assert.deepEqual(
    [f?.f, i?.i, is?.ints, Buffer.from(s?.s ?? []).toString()],
    [-1.5, -7n, [1n, 2n ** 33n], 'constant'],
  );
  const type = graph.input[0]?.type?.value;
  assert.ok(type?.case === 'tensorType');
  assert.deepEqual(
    type.value.shape?.dim.map(({ value }) => value.value),
    ['N', 4n, 5n],
  );
  assert.deepEqual(
    graph.initializer.map(({ name, dims }) => `${name} ${dims}`),
    ['constant [1,-1] 2', 'constant 0.5 ', 'w 2', 'w:2 1'],
  );
});
