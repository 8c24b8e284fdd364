/** Xception: Chollet, "Xception: Deep Learning with Depthwise Separable Convolutions" (2016). */
import { type Architecture, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import type { Tensor } from './tensor.ts';

export const xception: Architecture = (builder, input, options) => {
  let x = input;
  for (const [i, filters] of [32, 64].entries()) {
    const name = `block1_conv${i + 1}`;
    x = builder.convolution(x, filters, 3, { name, strides: i === 0 ? 2 : 1, bias: false });
    x = builder.activation(builder.batchNorm(x, { name: `${name}_bn` }), 'relu', `${name}_act`);
  }
  x = halving(builder, x, 2, [128, 128]);
  x = halving(builder, x, 3, [256, 256]);
  x = halving(builder, x, 4, [728, 728]);
  for (let block = 5; block <= 12; block++) {
    const residual = x;
    for (let i = 1; i <= 3; i++) x = activatedFirst(builder, x, 728, `block${block}_sepconv${i}`);
    x = builder.add([x, residual]);
  }
  x = halving(builder, x, 13, [728, 1024]);
  for (const [i, filters] of [1536, 2048].entries()) {
    const name = `block14_sepconv${i + 1}`;
    x = builder.activation(separable(builder, x, filters, name), 'relu', `${name}_act`);
  }
  return averageAndDense(builder, x, options, { classifier: 'avg_pool' });
};

/** Two separable convolutions and a maximum, beside a convolution with stride 2. */
function halving(
  builder: ArchitectureBuilder,
  input: Tensor,
  block: number,
  filters: readonly [number, number],
): Tensor {
  const residual = builder.batchNorm(
    builder.convolution(input, filters[1], 1, { strides: 2, padding: 'same', bias: false }),
    {},
  );
  let x = input;
  for (const [i, count] of filters.entries()) {
    const name = `block${block}_sepconv${i + 1}`;
    // What comes before block 2 ends with an activation already.
    x = block === 2 && i === 0 ? separable(builder, x, count, name) : activatedFirst(builder, x, count, name);
  }
  x = builder.maxPool(x, 3, { name: `block${block}_pool`, strides: 2, padding: 'same' });
  return builder.add([x, residual]);
}

function activatedFirst(builder: ArchitectureBuilder, x: Tensor, filters: number, name: string): Tensor {
  return separable(builder, builder.activation(x, 'relu', `${name}_act`), filters, name);
}

function separable(builder: ArchitectureBuilder, x: Tensor, filters: number, name: string): Tensor {
  const convolved = builder.separable(x, filters, 3, { name, padding: 'same', bias: false });
  return builder.batchNorm(convolved, { name: `${name}_bn` });
}
