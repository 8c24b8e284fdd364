/** DenseNet 121, 169 and 201: Huang and others, "Densely Connected Convolutional Networks" (2016). */
import { type Architecture, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder, BatchNormOptions } from './builder.ts';
import { both, channels, type Tensor } from './tensor.ts';

const GROWTH = 32;
const NORM: BatchNormOptions = { axis: 3, epsilon: 1.001e-5 };

/** @param depths layers in each of the four dense blocks */
export function densenet(depths: readonly number[]): Architecture {
  return (builder, input, options) => {
    let x = builder.zeroPadding(input, both([3, 3]));
    x = builder.convolution(x, 64, 7, { name: 'conv1_conv', strides: 2, bias: false });
    x = normalized(builder, x, 'conv1_bn', 'conv1_relu');
    x = builder.zeroPadding(x, both([1, 1]));
    x = builder.maxPool(x, 3, { name: 'pool1', strides: 2 });
    for (const [i, depth] of depths.entries()) {
      for (let layer = 1; layer <= depth; layer++) x = dense(builder, x, `conv${i + 2}_block${layer}`);
      if (i < depths.length - 1) x = transition(builder, x, `pool${i + 2}`);
    }
    x = normalized(builder, x, 'bn', 'relu');
    return averageAndDense(builder, x, options, {
      classifier: 'avg_pool',
      avg: 'avg_pool',
      max: 'max_pool',
    });
  };
}

function dense(builder: ArchitectureBuilder, input: Tensor, name: string): Tensor {
  let x = normalized(builder, input, `${name}_0_bn`, `${name}_0_relu`);
  x = builder.convolution(x, 4 * GROWTH, 1, { name: `${name}_1_conv`, bias: false });
  x = normalized(builder, x, `${name}_1_bn`, `${name}_1_relu`);
  x = builder.convolution(x, GROWTH, 3, { name: `${name}_2_conv`, padding: 'same', bias: false });
  return builder.concatenate([input, x], 3, `${name}_concat`);
}

function transition(builder: ArchitectureBuilder, input: Tensor, name: string): Tensor {
  let x = normalized(builder, input, `${name}_bn`, `${name}_relu`);
  x = builder.convolution(x, channels(x) / 2, 1, { name: `${name}_conv`, bias: false });
  return builder.averagePool(x, 2, { name: `${name}_pool`, strides: 2 });
}

function normalized(builder: ArchitectureBuilder, x: Tensor, norm: string, activation: string): Tensor {
  return builder.activation(builder.batchNorm(x, { ...NORM, name: norm }), 'relu', activation);
}
