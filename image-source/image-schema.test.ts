import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageSchemaValue } from './api.ts';
import { fromImageSchema, toImageSchema } from './image-schema.ts';

const rgb = { width: 2, height: 1, data: Uint8Array.of(1, 2, 3, 4, 5, 6) };

function schema(fields: Partial<ImageSchemaValue>): ImageSchemaValue {
  return {
    origin: '',
    height: 1,
    width: 2,
    nChannels: 3,
    mode: 16,
    data: Uint8Array.of(3, 2, 1, 6, 5, 4),
    ...fields,
  };
}

test('pixels become Spark ImageSchema: mode 16, BGR', () => {
  assert.deepEqual(toImageSchema(rgb, 'file:///x.jpg'), schema({ origin: 'file:///x.jpg' }));
});

test('modes 16, 24 and 0 become RGB; alpha is dropped, grey repeated', () => {
  assert.deepEqual(fromImageSchema(schema({})), rgb);
  const bgra = Uint8Array.of(3, 2, 1, 99, 6, 5, 4, 0);
  assert.deepEqual(fromImageSchema(schema({ mode: 24, nChannels: 4, data: bgra })), rgb);
  assert.deepEqual(
    fromImageSchema(schema({ mode: 0, nChannels: 1, data: Uint8Array.of(7, 9) })).data,
    Uint8Array.of(7, 7, 7, 9, 9, 9),
  );
});

test('structs that do not add up are refused', () => {
  const cases: readonly (readonly [Partial<ImageSchemaValue>, RegExp])[] = [
    [{ mode: -1 }, /mode -1/],
    [{ mode: 17 }, /mode 17/],
    [{ mode: 24 }, /mode 24 and 3 channels/],
    [{ nChannels: 1 }, /mode 16 and 1 channels/],
    [{ width: 0 }, /0×1/],
    [{ height: -1 }, /2×-1/],
    [{ width: 1.5 }, /1.5×1/],
    [{ data: new Uint8Array(5) }, /5 bytes of data where 2×1×3 needs 6/],
    [{ data: new Uint8Array(7) }, /7 bytes/],
  ];
  for (const [fields, message] of cases) {
    assert.throws(() => fromImageSchema(schema(fields)), { sqlState: '22000', message });
  }
  assert.throws(() => fromImageSchema(schema({ width: 100_000, height: 1000 })), { sqlState: '54000' });
});
