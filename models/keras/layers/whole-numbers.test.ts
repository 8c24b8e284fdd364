/** Which layers are refused over whole numbers: those of which Keras was seen to give other numbers than over floats. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseArchitecture } from '../config/architecture.ts';
import { importModel } from '../import.ts';

type Layer = readonly [className: string, config?: object];

/** Imports a chain of layers over an input of this type. */
function chain(dtype: string, ...layers: readonly Layer[]): void {
  const entries = layers.map(([className, config], i) => ({
    class_name: className,
    config: { name: `layer${i}`, ...config },
  }));
  const input = { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, 8, 8, 3], dtype } };
  const model = parseArchitecture({
    class_name: 'Sequential',
    config: { name: 'm', layers: [input, ...entries] },
  });
  importModel(model, { weightsOf: () => [] }, 3, {
    feed: ({ name, ref, shape }, _inputs, builder) =>
      builder.add({ kind: 'input', name, shape, type: 'float32' }, [], ref),
    output: undefined,
    inputShape: undefined,
  });
}

const RESIZING: Layer = ['Resizing', { height: 6, width: 5 }];
const BILINEAR: Layer = ['UpSampling2D', { interpolation: 'bilinear' }];
const INNER = { class_name: 'Resizing', config: { name: 'inner', height: 3, width: 3 } };

const refused: [dtype: string, ...chain: Layer[]][] = [
  ['uint8', RESIZING],
  ['int32', RESIZING],
  ['int64', ['MaxPooling2D'], RESIZING],
  ['uint8', ['RandomContrast', { factor: 0.1 }], RESIZING],
  ['uint8', BILINEAR],
  ['uint8', ['LayerNormalization', { scale: false, center: false }]],
  ['uint8', ['Reshape', { target_shape: [1, 8, 8, 3] }], ['TimeDistributed', { layer: INNER }]],
];

const taken: [dtype: string, ...chain: Layer[]][] = [
  ['float32', RESIZING],
  ['float64', RESIZING],
  ['uint8', ['Rescaling', { scale: 0.5 }], RESIZING],
  ['uint8', ['RandomFlip'], RESIZING],
  ['uint8', ['Resizing', { height: 8, width: 8 }]],
  ['uint8', ['Resizing', { height: 6, width: 5, interpolation: 'nearest' }]],
  ['uint8', ['UpSampling2D']],
];

describe('whole numbers', () => {
  for (const [dtype, ...layers] of refused) {
    const names = layers.map(([className]) => className).join(', ');
    it(`of type ${dtype} are refused where Keras rounds: ${names}`, () => {
      assert.throws(() => chain(dtype, ...layers), /is given whole numbers/);
    });
  }
  for (const [dtype, ...layers] of taken) {
    const names = layers.map(([className]) => className).join(', ');
    it(`of type ${dtype} are taken where it makes no difference: ${names}`, () => chain(dtype, ...layers));
  }
  it('have types that are computed', () => {
    assert.throws(() => chain('float16', ['ReLU']), /inputs of type "float16" are not supported/);
  });
});
