/** ConvNeXt: Liu and others, "A ConvNet for the 2020s" (2022). */
import { type Architecture, poolFeatures } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import { channels, type Tensor } from './tensor.ts';

const EPSILON = 1e-6;
/** ImageNet's means and deviations of pixels 0…255. */
const MEAN = [123.675, 116.28, 103.53];
const DEVIATION = [58.395, 57.12, 57.375];

/**
 * @param prefix of every layer's name: `convnext_tiny`
 * @param depths blocks of each stage
 * @param filters of each stage
 */
export function convnext(
  prefix: string,
  depths: readonly number[],
  filters: readonly number[],
): Architecture {
  return (builder, input, options) => {
    const variance = DEVIATION.map((deviation) => deviation ** 2);
    let x = builder.normalization(input, -1, { mean: MEAN, variance }, `${prefix}_prestem_normalization`);
    for (const [stage, depth] of depths.entries()) {
      const count = filters[stage] ?? 0;
      x = stage === 0 ? stem(builder, x, count, prefix) : downsample(builder, x, count, prefix, stage - 1);
      for (let i = 0; i < depth; i++) x = block(builder, x, `${prefix}_stage_${stage}_block_${i}`);
    }
    if (!options.includeTop) {
      return builder.layerNorm(poolFeatures(builder, x, options.pooling), EPSILON);
    }
    x = builder.globalAverage(x, `${prefix}_head_gap`);
    x = builder.layerNorm(x, EPSILON, `${prefix}_head_layernorm`);
    return builder.dense(x, options.classes, options.classifierActivation, `${prefix}_head_dense`);
  };
}

function stem(builder: ArchitectureBuilder, x: Tensor, filters: number, prefix: string): Tensor {
  return builder.sequential(x, `${prefix}_stem`, (inner, start) => {
    const convolved = inner.convolution(start, filters, 4, { name: `${prefix}_stem_conv`, strides: 4 });
    return inner.layerNorm(convolved, EPSILON, `${prefix}_stem_layernorm`);
  });
}

function downsample(
  builder: ArchitectureBuilder,
  x: Tensor,
  filters: number,
  prefix: string,
  i: number,
): Tensor {
  return builder.sequential(x, `${prefix}_downsampling_block_${i}`, (inner, start) => {
    const normalized = inner.layerNorm(start, EPSILON, `${prefix}_downsampling_layernorm_${i}`);
    const name = `${prefix}_downsampling_conv_${i}`;
    return inner.convolution(normalized, filters, 2, { name, strides: 2 });
  });
}

function block(builder: ArchitectureBuilder, input: Tensor, name: string): Tensor {
  const count = channels(input);
  let x = builder.convolution(input, count, 7, {
    name: `${name}_depthwise_conv`,
    padding: 'same',
    groups: count,
  });
  x = builder.layerNorm(x, EPSILON, `${name}_layernorm`);
  x = builder.dense(x, 4 * count, 'linear', `${name}_pointwise_conv_1`);
  x = builder.activation(x, 'gelu', `${name}_gelu`);
  x = builder.dense(x, count, 'linear', `${name}_pointwise_conv_2`);
  // A layer of keras.applications' own: one factor a channel.
  const scale = { init_values: EPSILON, projection_dim: count };
  x = builder.layer('LayerScale', scale, [x], x.shape, `${name}_layer_scale`, {
    module: 'keras.src.applications.convnext',
  });
  x = builder.activation(x, 'linear', `${name}_identity`);
  return builder.operation('Add', input, x);
}
