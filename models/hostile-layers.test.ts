/** Keras layers with options that no program writes: refused at once, naming layer, class and option, or compiled. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { SqlState } from '../common/errors.ts';
import type { ModelFile } from './model-parts.ts';
import { CompileChild } from './testing/compile-pool.ts';
import { functional, input, type Layer, type Options, sequential, tensor } from './testing/crafted.ts';
import { MUTANT_OPTIONS } from './testing/mutants.ts';

type Shape = readonly (number | null)[];
type Case = readonly [what: string, file: ModelFile, message: RegExp];

const child = new CompileChild({ memory_bytes: 1024 * 2 ** 20, timeout_ms: 30_000 });
after(() => child.end());

/** A layer behind an input, and what of its message follows its name. */
function layer(shape: Shape, class_name: string, config: Options, message: RegExp): Case {
  const what = `${class_name} ${JSON.stringify(config).slice(0, 60)}`;
  return [what, sequential(shape, [{ class_name, config }]), named(class_name, message)];
}

const X = tensor('input', [null, 4, 5]);
const Y = tensor('other', [null, 4, 5]);

/** A call of an operation, or of a layer with several inputs. */
function call(class_name: string, args: readonly unknown[], config: Options, message: RegExp): Case {
  const module = /^(Dot|Concatenate)$/.test(class_name) ? 'keras.layers' : 'keras.src.ops.numpy';
  const crafted = { class_name, module, config, inbound_nodes: [{ args, kwargs: {} }] };
  const file = functional([input([4, 5]), input([4, 5], 'other'), crafted]);
  return [`${class_name} ${JSON.stringify(config).slice(0, 60)}`, file, named(class_name, message)];
}

function named(class_name: string, message: RegExp): RegExp {
  return new RegExp(`^crafted\\.keras: layer "crafted" \\(${class_name}\\): .*${message.source}`, 's');
}

function slice(start: number | null, stop: number | null, step: number | null): Options {
  return { class_name: '__slice__', config: { start, stop, step } };
}

function nested(depth: number, inner: Layer, wrap: (inner: Layer, i: number) => Layer): Layer {
  return Array.from({ length: depth }).reduce<Layer>((layer, _, i) => wrap(layer, i), inner);
}

const ALL = slice(null, null, null);
const CELL = { class_name: 'LSTMCell', config: { units: 2, name: 'cell' } };
const CONV = { filters: 2, kernel_size: [3, 3] };
const TOO_MANY = /has \d+ numbers; between 1 and \d+ are allowed/;
const WITHOUT = /weights \([\w, ]+\) are missing/;
const AXIS = /is not an axis of/;
const MAKES = /makes \d+ numbers/;

const REFUSED: readonly Case[] = [
  layer([5], 'RepeatVector', { n: 1e9 }, /repeats its input 1000000000 times/),
  layer([5], 'RepeatVector', { n: 1e300 }, /option n = 1e\+300/),
  layer([5], 'RepeatVector', { n: -1 }, /option n = -1/),
  layer([4, 3], 'UpSampling1D', { size: 1e9 }, TOO_MANY),
  layer([4, 4, 3], 'UpSampling2D', { size: [1e6, 1e6] }, TOO_MANY),
  layer([4, 4, 4, 3], 'UpSampling3D', { size: [1e6, 1e6, 1e6] }, TOO_MANY),
  layer(
    [4, 4, 3],
    'Reshape',
    { target_shape: [2 ** 31, 2 ** 31, -1] },
    /option target_shape .* does not fit 48/,
  ),
  layer([4], 'Reshape', { target_shape: [-1, -1] }, /option target_shape/),
  layer([4], 'Reshape', { target_shape: [1e300] }, /option target_shape/),
  layer([7], 'Embedding', { input_dim: 1e12, output_dim: 4 }, WITHOUT),
  layer([7], 'Embedding', { input_dim: -1, output_dim: 4 }, /option input_dim = -1/),
  layer(
    [7, 3],
    'EinsumDense',
    { equation: `${'a'.repeat(1e5)},bc->ac`, output_shape: [4] },
    /option equation/,
  ),
  layer([7, 3], 'EinsumDense', { equation: 'aab,bc->ac', output_shape: [4] }, WITHOUT),
  layer([7, 3], 'LSTM', { units: 1e9 }, WITHOUT),
  layer([7, 3], 'GRU', { units: -1 }, /option units = -1/),
  layer([16, 16, 3], 'Conv2D', { ...CONV, dilation_rate: [1e9, 1e9] }, WITHOUT),
  layer([16, 16, 3], 'Conv2D', { ...CONV, groups: 1e9 }, /split into 1000000000 groups/),
  layer([16, 16, 3], 'Conv2D', { filters: 2, kernel_size: Array(1e5).fill(1) }, /option kernel_size/),
  layer(
    [16, 16, 3],
    'MaxPooling2D',
    { pool_size: 1e9, padding: 'same' },
    /reaches over 1000000000 positions/,
  ),
  layer([16, 16, 3], 'ZeroPadding2D', { padding: 1e9 }, TOO_MANY),
  layer([16, 16, 3], 'ZeroPadding2D', { padding: -1e9 }, /option padding = -1000000000/),
  layer([16, 16, 3], 'Cropping2D', { cropping: 1e9 }, /takes nothing, or too much/),
  layer([16, 16, 3], 'Resizing', { height: 1e6, width: 1e6 }, TOO_MANY),
  layer([16, 16, 3], 'Resizing', { height: -1, width: 0 }, /option height = -1/),
  layer([16, 16, 3], 'CenterCrop', { height: 1e6, width: 1e6 }, TOO_MANY),
  layer([5], 'CategoryEncoding', { num_tokens: 1e12, output_mode: 'one_hot' }, MAKES),
  layer([4, 3], 'Permute', { dims: Array(1e5).fill(1) }, /option dims/),
  layer([4, 3], 'Softmax', { axis: 1e9 }, /option axis = 1000000000/),
  layer([4, 4, 3], 'Rescaling', { scale: Array(1e5).fill(2) }, /100000 factors/),
  layer([4], 'Activation', { activation: 'x'.repeat(1e5) }, /activation "x+/),
  call('Dot', [[X, Y]], { axes: [9, 9] }, AXIS),
  call('Dot', [[X, Y]], { axes: [0, 0] }, AXIS),
  call('Concatenate', [Array(10_000).fill(X)], { axis: 9 }, AXIS),
  call('Einsum', [X, Y], { subscripts: `${'abcdefghijklmnopqrstuvwxyz'.repeat(4000)},ab->a` }, /./),
  call('Einsum', [X, Y], { subscripts: 'aab,abb->a' }, /does not fit/),
  call('Mean', [X], { axis: 99 }, AXIS),
  call('GetItem', [X, [ALL, slice(null, null, 0)]], {}, /./),
  call('GetItem', [X, [ALL, slice(1e300, -1e300, -1e300)]], {}, /1e\+300/),
  call('GetItem', [X, [ALL, 1e12]], {}, /takes nothing, or too much/),
  call('Tile', [X], { repeats: [1, 1e9, 1e9] }, MAKES),
  call('Repeat', [X], { repeats: 1e9, axis: 1 }, MAKES),
  call(
    'Pad',
    [X],
    {
      pad_width: [
        [0, 0],
        [1e9, 1e9],
        [0, 0],
      ],
      mode: 'reflect',
    },
    MAKES,
  ),
  call('OneHot', [X], { num_classes: 1e12 }, MAKES),
  call('ExpandDims', [X], { axis: Array(50).fill(1) }, /has \d+ axes/),
  call('Transpose', [X], { axes: [0, 0, 0] }, /./),
  call('TopK', [X], { k: 1e9 }, /1000000000/),
  [
    'TimeDistributed, 1,000 deep',
    sequential(
      [4, 3],
      [
        nested(1000, { class_name: 'Dense', config: { units: 2, name: 'd' } }, (inner, i) => ({
          class_name: 'TimeDistributed',
          config: { name: `t${i}`, layer: inner },
        })),
      ],
    ),
    /layer "t999.*\(TimeDistributed\)/,
  ],
  [
    'Bidirectional, 1,000 deep',
    sequential(
      [4, 3],
      [
        nested(1000, { class_name: 'LSTM', config: { units: 2, name: 'd' } }, (inner, i) => ({
          class_name: 'Bidirectional',
          config: { name: `t${i}`, layer: inner },
        })),
      ],
    ),
    /nested deeper/,
  ],
  [
    'Sequential, 900 deep',
    sequential(
      [4, 3],
      [
        nested(900, { class_name: 'Dense', config: { units: 2, name: 'd' } }, (inner, i) => ({
          class_name: 'Sequential',
          config: { name: `s${i}`, layers: [inner] },
        })),
      ],
    ),
    /nested deeper/,
  ],
  [
    '20,000 cells',
    sequential(
      [4, 3],
      [
        {
          class_name: 'RNN',
          config: { cell: { class_name: 'StackedRNNCells', config: { cells: Array(20_000).fill(CELL) } } },
        },
      ],
    ),
    /layer "crafted.*\(LSTMCell\)/,
  ],
  [
    'an input of a million million numbers',
    sequential([1e6, 1e6], []),
    /layer "input" \(InputLayer\): .*numbers/,
  ],
  [
    'twenty-five thousand layers',
    sequential(
      [4],
      Array.from({ length: 25_000 }, (_, i) => ({ class_name: 'ReLU', config: { name: `r${i}` } })),
    ),
    /the model has 25001 layers/,
  ],
];

const COMPILED: readonly (readonly [what: string, file: ModelFile, shape: readonly number[]])[] = [
  [
    'an average over far more than there is',
    sequential(
      [16, 16, 3],
      [{ class_name: 'AveragePooling2D', config: { pool_size: 1e6, strides: 1, padding: 'same' } }],
    ),
    [16, 16, 3],
  ],
  ['ten axes', sequential([2, 2, 2, 2, 2, 2, 2, 2, 2, 2], [{ class_name: 'Flatten', config: {} }]), [1024]],
  ['an axis reduced twice', call('Sum', [X], { axis: [1, 1] }, /./)[1], [5]],
  [
    'a hundred thousand bounds',
    sequential(
      [5],
      [
        {
          class_name: 'Discretization',
          config: { bin_boundaries: Array.from({ length: 1e5 }, (_, i) => i) },
        },
      ],
    ),
    [5],
  ],
  [
    'thousands of parts',
    functional([
      input([4, 5]),
      {
        class_name: 'Stack',
        module: 'keras.src.ops.numpy',
        config: { axis: 1 },
        inbound_nodes: [{ args: [Array(4000).fill(X)], kwargs: {} }],
      },
    ]),
    [4000, 4, 5],
  ],
];

describe('layers that ask for too much, or for nonsense', () => {
  for (const [what, file, message] of REFUSED) {
    it(what, async () => {
      const result = await child.compile({ file, options: MUTANT_OPTIONS });
      assert.equal(result.kind, 'refused', JSON.stringify(result));
      if (result.kind !== 'refused') return;
      assert.match(result.message, message);
      assert.ok(result.message.length < 1200, `${result.message.length} characters`);
      assert.notEqual(result.sqlState, SqlState.internalError);
      assert.notEqual(result.hint, '');
    });
  }
});

describe('strange layers that mean something', () => {
  for (const [what, file, shape] of COMPILED) {
    it(what, async () => {
      const result = await child.compile({ file, options: MUTANT_OPTIONS });
      assert.deepEqual(result, { kind: 'compiled', shapes: [shape] });
    });
  }
});

it('no layer ended the child', () => {
  assert.equal(child.started, 1);
});
