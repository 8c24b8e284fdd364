/** InceptionV3: Szegedy and others, "Rethinking the Inception Architecture" (2015). */
import { type Architecture, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import type { Padding, Size, Tensor } from './tensor.ts';

export interface InceptionUnit {
  readonly name?: string;
  readonly strides?: number;
  readonly padding?: Padding;
}

/** A convolution, normalised without a scale, and ReLU: what all Inception networks are made of. */
export function inceptionUnit(
  builder: ArchitectureBuilder,
  input: Tensor,
  filters: number,
  kernel: Size,
  options: InceptionUnit = {},
): Tensor {
  const { name, strides = 1, padding = 'same' } = options;
  const x = builder.convolution(input, filters, kernel, {
    ...named(name, ''),
    strides,
    padding,
    bias: false,
  });
  const normalized = builder.batchNorm(x, { ...named(name, '_bn'), axis: 3, scale: false });
  return builder.activation(normalized, 'relu', name === undefined ? undefined : `${name}_ac`);
}

function named(name: string | undefined, suffix: string): { name?: string } {
  return name === undefined ? {} : { name: `${name}${suffix}` };
}

/** The layers before the first mixed block, the same in InceptionV3 and Inception-ResNet. */
export function inceptionStem(builder: ArchitectureBuilder, input: Tensor): Tensor {
  let x = inceptionUnit(builder, input, 32, 3, { strides: 2, padding: 'valid' });
  x = inceptionUnit(builder, x, 32, 3, { padding: 'valid' });
  x = inceptionUnit(builder, x, 64, 3);
  x = builder.maxPool(x, 3, { strides: 2 });
  x = inceptionUnit(builder, x, 80, 1, { padding: 'valid' });
  x = inceptionUnit(builder, x, 192, 3, { padding: 'valid' });
  return builder.maxPool(x, 3, { strides: 2 });
}

export const inceptionV3: Architecture = (builder, input, options) => {
  let x = inceptionStem(builder, input);
  for (const [i, pooled] of [32, 64, 64].entries()) x = block35(builder, x, pooled, `mixed${i}`);
  x = reduce17(builder, x, 'mixed3');
  for (const [i, filters] of [128, 160, 160, 192].entries()) {
    x = block17(builder, x, filters, `mixed${i + 4}`);
  }
  x = reduce8(builder, x, 'mixed8');
  for (const i of [0, 1]) x = block8(builder, x, i);
  return averageAndDense(builder, x, options, { classifier: 'avg_pool' });
};

function block35(builder: ArchitectureBuilder, input: Tensor, pooled: number, name: string): Tensor {
  const narrow = inceptionUnit(builder, input, 64, 1);
  const five = inceptionUnit(builder, inceptionUnit(builder, input, 48, 1), 64, 5);
  let three = inceptionUnit(builder, inceptionUnit(builder, input, 64, 1), 96, 3);
  three = inceptionUnit(builder, three, 96, 3);
  const pool = inceptionUnit(builder, averaged(builder, input), pooled, 1);
  return builder.concatenate([narrow, five, three, pool], 3, name);
}

function reduce17(builder: ArchitectureBuilder, input: Tensor, name: string): Tensor {
  const three = inceptionUnit(builder, input, 384, 3, { strides: 2, padding: 'valid' });
  const twice = inceptionUnit(builder, inceptionUnit(builder, input, 64, 1), 96, 3);
  const last = inceptionUnit(builder, twice, 96, 3, { strides: 2, padding: 'valid' });
  return builder.concatenate([three, last, builder.maxPool(input, 3, { strides: 2 })], 3, name);
}

function block17(builder: ArchitectureBuilder, input: Tensor, filters: number, name: string): Tensor {
  const narrow = inceptionUnit(builder, input, 192, 1);
  let seven = inceptionUnit(builder, input, filters, 1);
  seven = inceptionUnit(builder, seven, filters, [1, 7]);
  seven = inceptionUnit(builder, seven, 192, [7, 1]);
  let twice = inceptionUnit(builder, input, filters, 1);
  twice = inceptionUnit(builder, twice, filters, [7, 1]);
  twice = inceptionUnit(builder, twice, filters, [1, 7]);
  twice = inceptionUnit(builder, twice, filters, [7, 1]);
  twice = inceptionUnit(builder, twice, 192, [1, 7]);
  const pool = inceptionUnit(builder, averaged(builder, input), 192, 1);
  return builder.concatenate([narrow, seven, twice, pool], 3, name);
}

function reduce8(builder: ArchitectureBuilder, input: Tensor, name: string): Tensor {
  const halving = { strides: 2, padding: 'valid' } as const;
  const three = inceptionUnit(builder, inceptionUnit(builder, input, 192, 1), 320, 3, halving);
  let seven = inceptionUnit(builder, input, 192, 1);
  seven = inceptionUnit(builder, seven, 192, [1, 7]);
  seven = inceptionUnit(builder, seven, 192, [7, 1]);
  seven = inceptionUnit(builder, seven, 192, 3, halving);
  return builder.concatenate([three, seven, builder.maxPool(input, 3, { strides: 2 })], 3, name);
}

function block8(builder: ArchitectureBuilder, input: Tensor, i: number): Tensor {
  const narrow = inceptionUnit(builder, input, 320, 1);
  const forked = (x: Tensor, name?: string): Tensor => {
    const wide = inceptionUnit(builder, x, 384, [1, 3]);
    return builder.concatenate([wide, inceptionUnit(builder, x, 384, [3, 1])], 3, name);
  };
  const three = forked(inceptionUnit(builder, input, 384, 1), `mixed9_${i}`);
  const twice = forked(inceptionUnit(builder, inceptionUnit(builder, input, 448, 1), 384, 3));
  const pool = inceptionUnit(builder, averaged(builder, input), 192, 1);
  return builder.concatenate([narrow, three, twice, pool], 3, `mixed${9 + i}`);
}

function averaged(builder: ArchitectureBuilder, input: Tensor): Tensor {
  return builder.averagePool(input, 3, { strides: 1, padding: 'same' });
}
