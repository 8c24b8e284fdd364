/** Inception-ResNet-v2: Szegedy and others, "Inception-v4, Inception-ResNet" (2016). */
import { type Architecture, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import { inceptionStem, inceptionUnit } from './inception.ts';
import { channels, type Size, type Tensor } from './tensor.ts';

/** A chain of convolutions: filters and kernel of each. */
type Branch = readonly (readonly [filters: number, kernel: Size])[];

interface Block {
  readonly name: string;
  readonly repeats: number;
  /** How much of the branches is added to the input. */
  readonly scale: number;
  readonly branches: readonly [Branch, ...Branch[]];
}

const BLOCK_35: Block = {
  name: 'block35',
  repeats: 10,
  scale: 0.17,
  branches: [
    [[32, 1]],
    [
      [32, 1],
      [32, 3],
    ],
    [
      [32, 1],
      [48, 3],
      [64, 3],
    ],
  ],
};

const BLOCK_17: Block = {
  name: 'block17',
  repeats: 20,
  scale: 0.1,
  branches: [
    [[192, 1]],
    [
      [128, 1],
      [160, [1, 7]],
      [192, [7, 1]],
    ],
  ],
};

const BLOCK_8: Block = {
  name: 'block8',
  repeats: 10,
  scale: 0.2,
  branches: [
    [[192, 1]],
    [
      [192, 1],
      [224, [1, 3]],
      [256, [3, 1]],
    ],
  ],
};

export const inceptionResnetV2: Architecture = (builder, input, options) => {
  let x = mixed5b(builder, inceptionStem(builder, input));
  x = repeated(builder, x, BLOCK_35);
  x = reduction(builder, x, 'mixed_6a', [
    [[384, 3]],
    [
      [256, 1],
      [256, 3],
      [384, 3],
    ],
  ]);
  x = repeated(builder, x, BLOCK_17);
  x = reduction(builder, x, 'mixed_7a', [
    [
      [256, 1],
      [384, 3],
    ],
    [
      [256, 1],
      [288, 3],
    ],
    [
      [256, 1],
      [288, 3],
      [320, 3],
    ],
  ]);
  x = repeated(builder, x, BLOCK_8);
  x = inceptionUnit(builder, x, 1536, 1, { name: 'conv_7b' });
  return averageAndDense(builder, x, options, { classifier: 'avg_pool' });
};

function mixed5b(builder: ArchitectureBuilder, input: Tensor): Tensor {
  const narrow = chain(builder, input, [[96, 1]]);
  const five = chain(builder, input, [
    [48, 1],
    [64, 5],
  ]);
  const three = chain(builder, input, [
    [64, 1],
    [96, 3],
    [96, 3],
  ]);
  const averaged = builder.averagePool(input, 3, { strides: 1, padding: 'same' });
  const pool = inceptionUnit(builder, averaged, 64, 1);
  return builder.concatenate([narrow, five, three, pool], 3, 'mixed_5b');
}

function repeated(builder: ArchitectureBuilder, input: Tensor, block: Block): Tensor {
  let x = input;
  for (let i = 1; i <= block.repeats; i++) {
    const name = `${block.name}_${i}`;
    const [first, ...others] = block.branches;
    const ends: [Tensor, ...Tensor[]] = [chain(builder, x, first)];
    for (const branch of others) ends.push(chain(builder, x, branch));
    const mixed = builder.concatenate(ends, 3, `${name}_mixed`);
    const up = builder.convolution(mixed, channels(x), 1, { name: `${name}_conv`, padding: 'same' });
    // The very last block adds all of its branches, and has no activation.
    const last = block === BLOCK_8 && i === block.repeats;
    x = scaledSum(builder, x, up, last ? 1 : block.scale);
    if (!last) x = builder.activation(x, 'relu', `${name}_ac`);
  }
  return x;
}

/** Branches whose last convolution halves the map, beside a maximum. */
function reduction(
  builder: ArchitectureBuilder,
  input: Tensor,
  name: string,
  branches: readonly [Branch, ...Branch[]],
): Tensor {
  const [first, ...others] = branches;
  const ends: [Tensor, ...Tensor[]] = [chain(builder, input, first, true)];
  for (const branch of others) ends.push(chain(builder, input, branch, true));
  ends.push(builder.maxPool(input, 3, { strides: 2 }));
  return builder.concatenate(ends, 3, name);
}

function chain(builder: ArchitectureBuilder, input: Tensor, branch: Branch, halving = false): Tensor {
  let x = input;
  for (const [i, [filters, kernel]] of branch.entries()) {
    const halves = halving && i === branch.length - 1;
    x = inceptionUnit(builder, x, filters, kernel, halves ? { strides: 2, padding: 'valid' } : {});
  }
  return x;
}

/** A layer of keras.applications' own: the first input and a part of the second. */
function scaledSum(builder: ArchitectureBuilder, x: Tensor, residual: Tensor, scale: number): Tensor {
  return builder.layer('CustomScaleLayer', { scale }, [x, residual], x.shape, undefined, {
    module: 'keras.src.applications.inception_resnet_v2',
    list: true,
  });
}
