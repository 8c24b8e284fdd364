import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SqlState } from '../../../common/errors.ts';
import { ModelError } from '../../model-error.ts';
import { parseArchitecture } from '../config/architecture.ts';
import { importModel } from '../import.ts';

/** What becomes of a model of one layer: the shape that comes out, without reading weights. */
function shapeOf(className: string, shape: readonly number[], config: object): readonly number[] {
  const layers = [
    { class_name: 'InputLayer', config: { name: 'in', batch_shape: [null, ...shape] } },
    { class_name: className, config: { name: 'it', ...config } },
  ];
  const model = parseArchitecture({ class_name: 'Sequential', config: { name: 'm', layers } });
  const { graph } = importModel(model, { weightsOf: () => [] }, 3, {
    feed: ({ name, ref, shape: declared }, _inputs, builder) =>
      builder.add({ kind: 'input', name, shape: declared, type: 'float32' }, [], ref),
    output: undefined,
    inputShape: undefined,
  });
  return graph.outputs[0]?.value.shape ?? [];
}

const refused: [className: string, shape: number[], config: object, sqlState: SqlState, message: RegExp][] = [
  ['LocallyConnected2D', [8, 8, 3], {}, SqlState.featureNotSupported, /Keras 3 dropped/],
  [
    'Conv2D',
    [8, 8, 3],
    { kernel_size: 3, padding: 'causal' },
    SqlState.featureNotSupported,
    /padding = "causal"/,
  ],
  ['Conv1D', [8, 3], { kernel_size: 3, padding: 'full' }, SqlState.featureNotSupported, /padding = "full"/],
  ['Conv1D', [8, 8, 3], { kernel_size: 3 }, SqlState.dataException, /sequence-like/],
  ['Conv3D', [8, 8, 3], { kernel_size: 3 }, SqlState.dataException, /volume-like/],
  ['Conv2D', [8, 8, 3], { kernel_size: [3, 3, 3] }, SqlState.dataException, /kernel_size = \[3,3,3\]/],
  ['Conv2D', [8, 8, 3], { kernel_size: 3, data_format: 'nchw' }, SqlState.featureNotSupported, /data_format/],
  [
    'Conv2D',
    [8, 8, 3],
    { kernel_size: 3, filters: 4, groups: 2 },
    SqlState.dataException,
    /split into 2 groups/,
  ],
  [
    'Conv2DTranspose',
    [8, 8, 3],
    { kernel_size: 3, filters: 4, strides: 2, padding: 'same', output_padding: 5 },
    SqlState.dataException,
    /output_padding/,
  ],
  [
    'Conv2DTranspose',
    [8, 8, 3],
    { kernel_size: 3, output_padding: -1 },
    SqlState.dataException,
    /output_padding/,
  ],
  ['MaxPooling1D', [4, 3], { pool_size: 5 }, SqlState.dataException, /does not fit/],
  ['MaxPooling2D', [4, 4, 3], { pool_size: 0 }, SqlState.dataException, /pool_size = 0/],
  ['Cropping1D', [4, 3], { cropping: [2, 2] }, SqlState.dataException, /takes nothing, or too much/],
  ['Cropping2D', [4, 4, 3], { cropping: -1 }, SqlState.dataException, /cropping = -1/],
  ['ZeroPadding3D', [4, 4, 4, 3], { padding: [1, 2] }, SqlState.dataException, /padding = \[1,2\]/],
  ['UpSampling2D', [4, 4, 3], { interpolation: 'gaussian' }, SqlState.featureNotSupported, /"gaussian"/],
  ['UpSampling1D', [4, 3], { size: 2 ** 40 }, SqlState.programLimitExceeded, /numbers/],
  [
    'UpSampling2D',
    [4096, 1, 1],
    { size: [4096, 1], interpolation: 'bicubic' },
    SqlState.programLimitExceeded,
    /reaches over/,
  ],
  ['AdaptiveMaxPooling1D', [7, 3], { output_size: 2 ** 27 }, SqlState.programLimitExceeded, /reaches over/],
  [
    'MaxPooling1D',
    [7, 3],
    { pool_size: 2 ** 30, padding: 'same' },
    SqlState.programLimitExceeded,
    /reaches over/,
  ],
  ['Permute', [4, 4, 3], { dims: [1, 2, 2] }, SqlState.dataException, /dims/],
  ['RepeatVector', [4], { n: 2 ** 50 }, SqlState.programLimitExceeded, /repeats/],
  ['RepeatVector', [4, 4], { n: 2 }, SqlState.dataException, /repeats vectors/],
];

describe('options of spatial layers that are not exact, contradict each other or pass limits', () => {
  for (const [className, shape, config, sqlState, message] of refused) {
    it(`${className} ${JSON.stringify(config)}`, () => {
      assert.throws(
        () => shapeOf(className, shape, config),
        (error) => {
          assert.ok(error instanceof ModelError, String(error));
          assert.equal(error.sqlState, sqlState, error.message);
          assert.match(error.message, message);
          assert.match(error.message, new RegExp(`"it" \\(${className}\\)`));
          return true;
        },
      );
    });
  }
});

it('knows layers by their older names', () => {
  assert.deepEqual(shapeOf('MaxPool3D', [4, 4, 4, 2], {}), [2, 2, 2, 2]);
  assert.deepEqual(shapeOf('AvgPool1D', [4, 2], { pool_size: [2], strides: [1] }), [3, 2]);
  assert.deepEqual(shapeOf('GlobalMaxPool1D', [4, 2], {}), [2]);
  assert.deepEqual(shapeOf('GlobalAvgPool3D', [4, 4, 4, 2], { keepdims: true }), [1, 1, 1, 2]);
});
