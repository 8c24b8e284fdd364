/**
 * ResNet 50, 101 and 152: He and others, "Deep Residual Learning" (2015), and "Identity Mappings in Deep Residual
 * Networks" (2016), the second version, which normalises before each convolution.
 */
import { type Architecture, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder, BatchNormOptions } from './builder.ts';
import { both, channels, type Tensor } from './tensor.ts';

const FILTERS = [64, 128, 256, 512];
const NORM: BatchNormOptions = { axis: 3, epsilon: 1.001e-5 };
const POOL_NAMES = { classifier: 'avg_pool', avg: 'avg_pool', max: 'max_pool' };

/** @param depths blocks in each of the four stages */
export function resnet(depths: readonly number[]): Architecture {
  return (builder, input, options) => {
    let x = builder.zeroPadding(input, both([3, 3]), 'conv1_pad');
    x = builder.convolution(x, 64, 7, { name: 'conv1_conv', strides: 2 });
    x = builder.batchNorm(x, { ...NORM, name: 'conv1_bn' });
    x = builder.activation(x, 'relu', 'conv1_relu');
    x = builder.zeroPadding(x, both([1, 1]), 'pool1_pad');
    x = builder.maxPool(x, 3, { name: 'pool1_pool', strides: 2 });
    for (const [i, filters] of FILTERS.entries()) {
      for (let block = 1; block <= (depths[i] ?? 0); block++) {
        const strides = block === 1 && i > 0 ? 2 : 1;
        x = residual(builder, x, filters, strides, block === 1, `conv${i + 2}_block${block}`);
      }
    }
    return averageAndDense(builder, x, options, POOL_NAMES);
  };
}

function residual(
  builder: ArchitectureBuilder,
  input: Tensor,
  filters: number,
  strides: number,
  projected: boolean,
  name: string,
): Tensor {
  const normalized = (x: Tensor, i: number): Tensor =>
    builder.batchNorm(x, { ...NORM, name: `${name}_${i}_bn` });
  const shortcut = projected
    ? normalized(builder.convolution(input, 4 * filters, 1, { name: `${name}_0_conv`, strides }), 0)
    : input;
  let x = builder.convolution(input, filters, 1, { name: `${name}_1_conv`, strides });
  x = builder.activation(normalized(x, 1), 'relu', `${name}_1_relu`);
  x = builder.convolution(x, filters, 3, { name: `${name}_2_conv`, padding: 'same' });
  x = builder.activation(normalized(x, 2), 'relu', `${name}_2_relu`);
  x = normalized(builder.convolution(x, 4 * filters, 1, { name: `${name}_3_conv` }), 3);
  return builder.activation(builder.add([shortcut, x], `${name}_add`), 'relu', `${name}_out`);
}

/** @param depths blocks in each of the four stages */
export function resnetV2(depths: readonly number[]): Architecture {
  return (builder, input, options) => {
    let x = builder.zeroPadding(input, both([3, 3]), 'conv1_pad');
    x = builder.convolution(x, 64, 7, { name: 'conv1_conv', strides: 2 });
    x = builder.zeroPadding(x, both([1, 1]), 'pool1_pad');
    x = builder.maxPool(x, 3, { name: 'pool1_pool', strides: 2 });
    for (const [i, filters] of FILTERS.entries()) {
      const depth = depths[i] ?? 0;
      for (let block = 1; block <= depth; block++) {
        // The last block of a stage halves the map, but for the last stage.
        const strides = block === depth && i < FILTERS.length - 1 ? 2 : 1;
        x = preactivated(builder, x, filters, strides, block === 1, `conv${i + 2}_block${block}`);
      }
    }
    x = builder.batchNorm(x, { ...NORM, name: 'post_bn' });
    x = builder.activation(x, 'relu', 'post_relu');
    return averageAndDense(builder, x, options, POOL_NAMES);
  };
}

function preactivated(
  builder: ArchitectureBuilder,
  input: Tensor,
  filters: number,
  strides: number,
  projected: boolean,
  name: string,
): Tensor {
  const before = builder.activation(
    builder.batchNorm(input, { ...NORM, name: `${name}_preact_bn` }),
    'relu',
    `${name}_preact_relu`,
  );
  const shorten = (x: Tensor): Tensor => (strides > 1 ? builder.maxPool(x, 1, { strides }) : x);
  const shortcut = projected
    ? builder.convolution(before, 4 * filters, 1, { name: `${name}_0_conv`, strides })
    : shorten(input);
  let x = builder.convolution(before, filters, 1, { name: `${name}_1_conv`, bias: false });
  x = builder.activation(builder.batchNorm(x, { ...NORM, name: `${name}_1_bn` }), 'relu', `${name}_1_relu`);
  x = builder.zeroPadding(x, both([1, 1]), `${name}_2_pad`);
  x = builder.convolution(x, channels(x), 3, { name: `${name}_2_conv`, strides, bias: false });
  x = builder.activation(builder.batchNorm(x, { ...NORM, name: `${name}_2_bn` }), 'relu', `${name}_2_relu`);
  x = builder.convolution(x, 4 * filters, 1, { name: `${name}_3_conv` });
  return builder.add([shortcut, x], `${name}_out`);
}
