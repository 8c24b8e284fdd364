/** What operations refuse, and what stays of them in a graph that is served. Their numbers are compared with Keras'. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INFERENCE_PASSES, runPasses } from '../../passes/index.ts';
import { parseArchitecture } from '../config/architecture.ts';
import { type ImportedModel, importModel } from '../import.ts';

type Options = Readonly<Record<string, unknown>>;

const INPUT = { class_name: '__keras_tensor__', config: { keras_history: ['x', 0, 0] } };
const ALL = { class_name: '__slice__', config: { start: null, stop: null, step: null } };

/** A model of one operation called with these arguments. */
function one(
  className: string,
  options: Options,
  args: readonly unknown[],
  shape: readonly number[] = [4, 5, 3],
  module = 'keras.src.ops.numpy',
): ImportedModel {
  const layers = [
    {
      class_name: 'InputLayer',
      config: { name: 'x', batch_shape: [null, ...shape] },
      name: 'x',
      inbound_nodes: [],
    },
    {
      class_name: className,
      module,
      name: 'op',
      config: { name: 'op', ...options },
      inbound_nodes: [{ args, kwargs: {} }],
    },
  ];
  const config = { name: 'model', layers, input_layers: [['x', 0, 0]], output_layers: [['op', 0, 0]] };
  return importModel(parseArchitecture({ class_name: 'Functional', config }), { weightsOf: () => [] }, 3, {
    feed: (declared, _all, builder) =>
      builder.add(
        { kind: 'input', name: declared.name, shape: declared.shape, type: 'float32' },
        [],
        declared.ref,
      ),
    output: undefined,
    inputShape: undefined,
  });
}

function served({ graph }: ImportedModel): string[] {
  return runPasses(graph, INFERENCE_PASSES).nodes.map(({ op }) => op.kind);
}

describe('operations', () => {
  it('refuse to mix rows of the batch, by name', () => {
    const across = /layer "op" \(\w+\): .*batch/;
    assert.throws(() => one('Sum', { axis: null }, [INPUT]), across);
    assert.throws(() => one('Mean', { axis: 0 }, [INPUT]), across);
    assert.throws(() => one('Mean', { axis: [0, 1] }, [INPUT]), across);
    assert.throws(() => one('Max', { axis: -4 }, [INPUT]), across);
    assert.throws(() => one('Reshape', { newshape: [-1, 3] }, [INPUT]), across);
    assert.throws(() => one('Reshape', { newshape: [2, -1] }, [INPUT]), across);
    assert.throws(() => one('Transpose', { axes: [1, 0, 2, 3] }, [INPUT]), across);
    assert.throws(() => one('Transpose', { axes: null }, [INPUT]), across);
    assert.throws(() => one('Concatenate', { axis: 0 }, [[INPUT, INPUT]]), across);
    assert.throws(() => one('ExpandDims', { axis: 0 }, [INPUT]), across);
    assert.throws(() => one('Flip', { axis: null }, [INPUT]), across);
    assert.throws(() => one('Tile', { repeats: [2, 1, 1, 1] }, [INPUT]), across);
    assert.throws(
      () =>
        one(
          'Pad',
          {
            pad_width: [
              [1, 0],
              [0, 0],
              [0, 0],
              [0, 0],
            ],
          },
          [INPUT],
        ),
      across,
    );
    assert.throws(() => one('GetItem', {}, [INPUT, 0]), across);
    assert.throws(
      () => one('GetItem', {}, [INPUT, [{ ...ALL, config: { start: 1, stop: null, step: null } }]]),
      across,
    );
    assert.throws(() => one('Take', { axis: 0 }, [INPUT, [0]]), across);
    assert.throws(() => one('Einsum', { subscripts: 'bhwc->hwc' }, [INPUT]), across);
    assert.throws(
      () =>
        one('Add', {}, [
          INPUT,
          { class_name: '__numpy__', config: { value: [[[[1]]], [[[2]]]], dtype: 'float32' } },
        ]),
      across,
    );
  });

  it('refuse what they do not know', () => {
    assert.throws(() => one('Svd', {}, [INPUT]), /operations of class Svd are not supported/);
    assert.throws(() => one('Sum', { axis: 1, where: true }, [INPUT]), /option where = true is not known/);
    assert.throws(() => one('Cast', { dtype: 'float16' }, [INPUT]), /the type "float16" is not supported/);
    assert.throws(() => one('Cast', { dtype: 'string' }, [INPUT]), /the type "string" is not supported/);
    assert.throws(
      () => one('Norm', { axis: [1, 2], ord: 2 }, [INPUT]),
      /option ord = 2 is not supported for 2 axes/,
    );
    assert.throws(() => one('Add', {}, [INPUT, 'text']), /something that is no tensor as x2/);
    assert.throws(() => one('Add', {}, [INPUT, [1, 'a']]), /something that is no tensor as x2/);
    assert.throws(() => one('Take', { axis: 1 }, [INPUT, [7]]), /positions that an axis of 4 does not have/);
    assert.throws(() => one('GetItem', {}, [INPUT, [ALL, 9]]), /takes nothing, or too much/);
    assert.throws(
      () => one('GetItem', {}, [INPUT, [ALL, ALL, ALL, ALL, ALL]]),
      /takes 5 positions of a tensor with 4 axes/,
    );
    assert.throws(
      () => one('Resize', { size: [2, 2], interpolation: 'area' }, [INPUT]),
      /interpolation = "area"/,
    );
    assert.throws(
      () => one('TFOpLambda', { function: 'raw_ops.Exit' }, [INPUT], [3], 'keras.layers'),
      /the function tf\.raw_ops\.Exit is not supported/,
    );
    assert.throws(
      () => one('TFOpLambda', { function: 'constructor' }, [INPUT], [3], 'keras.layers'),
      /the function tf\.constructor is not supported/,
    );
    assert.throws(
      () => one('RandomCrop', { height: 2, width: 2 }, [INPUT], [4, 5, 3], 'keras.layers'),
      /versions of Keras 3 leave 4×5 images as they are or make them 2×2/,
    );
    assert.throws(
      () => one('StringLookup', {}, [INPUT], [3], 'keras.layers'),
      /looks up texts or numbers in tables/,
    );
  });

  it('limit what constants and repetitions make', () => {
    const huge = 2 ** 30;
    assert.throws(
      () => one('Tile', { repeats: [1, 1, 1, huge] }, [INPUT]),
      /numbers|more than|larger|positions/,
    );
    assert.throws(
      () => one('OneHot', { num_classes: huge, axis: -1 }, [INPUT]),
      /numbers|more than|larger|positions/,
    );
    assert.throws(
      () => one('Repeat', { repeats: huge, axis: 1 }, [INPUT]),
      /numbers|more than|larger|positions/,
    );
    assert.throws(
      () =>
        one(
          'Pad',
          {
            pad_width: [
              [0, 0],
              [0, 0],
              [0, 0],
              [huge, 0],
            ],
          },
          [INPUT],
        ),
      /numbers|more than|larger|positions/,
    );
    assert.throws(() => one('Diff', { n: huge, axis: 1 }, [INPUT]), /takes nothing/);
  });

  it('become affines where they are arithmetic with numbers along one axis', () => {
    const channels = { class_name: '__numpy__', config: { value: [1, 2, 4], dtype: 'float32' } };
    assert.deepEqual(served(one('Multiply', {}, [INPUT, 0.5])), ['input', 'affine']);
    assert.deepEqual(served(one('TrueDivide', {}, [INPUT, channels])), ['input', 'affine']);
    assert.deepEqual(served(one('Subtract', {}, [1, INPUT])), ['input', 'affine']);
    // By zero it is not: infinity times zero would be nothing.
    assert.deepEqual(served(one('TrueDivide', {}, [INPUT, 0])), ['input', 'elementwise']);
  });
});
