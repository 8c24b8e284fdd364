/**
 * MobileNet: Howard and others (2017), and MobileNetV2: Sandler and others, "Inverted Residuals and Linear Bottlenecks"
 * (2018).
 */
import { type Architecture, averageAndDense, poolFeatures } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import { both, channels, evenMargins, roundToEight, type Tensor } from './tensor.ts';

/** Filters and strides of the thirteen separable blocks. */
const V1_BLOCKS: readonly (readonly [filters: number, strides: number])[] = [
  [64, 1],
  [128, 2],
  [128, 1],
  [256, 2],
  [256, 1],
  [512, 2],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [512, 1],
  [1024, 2],
  [1024, 1],
];

/** @param alpha factor on the filters of every layer */
export function mobilenet(alpha: number): Architecture {
  return (builder, input, options) => {
    let x = builder.convolution(input, Math.floor(32 * alpha), 3, {
      name: 'conv1',
      strides: 2,
      padding: 'same',
      bias: false,
    });
    x = builder.relu(builder.batchNorm(x, { name: 'conv1_bn' }), 'conv1_relu', 6);
    for (const [i, [filters, strides]] of V1_BLOCKS.entries()) {
      x = separable(builder, x, Math.floor(filters * alpha), strides, i + 1);
    }
    if (!options.includeTop) return poolFeatures(builder, x, options.pooling);
    x = builder.dropout(builder.globalAverage(x, undefined, true), 1e-3, 'dropout');
    x = builder.convolution(x, options.classes, 1, { name: 'conv_preds', padding: 'same' });
    x = builder.reshape(x, [options.classes], 'reshape_2');
    return builder.activation(x, options.classifierActivation, 'predictions');
  };
}

function separable(
  builder: ArchitectureBuilder,
  input: Tensor,
  filters: number,
  strides: number,
  block: number,
): Tensor {
  let x = strides === 1 ? input : builder.zeroPadding(input, both([0, 1]), `conv_pad_${block}`);
  x = builder.depthwise(x, 3, {
    name: `conv_dw_${block}`,
    strides,
    padding: strides === 1 ? 'same' : 'valid',
    bias: false,
  });
  x = builder.relu(builder.batchNorm(x, { name: `conv_dw_${block}_bn` }), `conv_dw_${block}_relu`, 6);
  x = builder.convolution(x, filters, 1, { name: `conv_pw_${block}`, padding: 'same', bias: false });
  return builder.relu(builder.batchNorm(x, { name: `conv_pw_${block}_bn` }), `conv_pw_${block}_relu`, 6);
}

/** Filters, strides of the first, expansion and number of the inverted residuals of each stage. */
const V2_STAGES: readonly (readonly [
  filters: number,
  strides: number,
  expansion: number,
  repeats: number,
])[] = [
  [16, 1, 1, 1],
  [24, 2, 6, 2],
  [32, 2, 6, 3],
  [64, 2, 6, 4],
  [96, 1, 6, 3],
  [160, 2, 6, 3],
  [320, 1, 6, 1],
];
const V2_MOMENTUM = 0.999;

/** @param alpha factor on the filters of every layer; the last is never made narrower */
export function mobilenetV2(alpha: number): Architecture {
  return (builder, input, options) => {
    let x = builder.convolution(input, roundToEight(32 * alpha), 3, {
      name: 'Conv1',
      strides: 2,
      padding: 'same',
      bias: false,
    });
    x = builder.batchNorm(x, { name: 'bn_Conv1', momentum: V2_MOMENTUM });
    x = builder.relu(x, 'Conv1_relu', 6);
    let block = 0;
    for (const [filters, strides, expansion, repeats] of V2_STAGES) {
      for (let i = 0; i < repeats; i++, block++) {
        const wide = roundToEight(Math.floor(filters * alpha));
        x = inverted(builder, x, wide, i === 0 ? strides : 1, expansion, block);
      }
    }
    const last = alpha > 1 ? roundToEight(1280 * alpha) : 1280;
    x = builder.convolution(x, last, 1, { name: 'Conv_1', bias: false });
    x = builder.batchNorm(x, { name: 'Conv_1_bn', momentum: V2_MOMENTUM });
    return averageAndDense(builder, builder.relu(x, 'out_relu', 6), options, {});
  };
}

function inverted(
  builder: ArchitectureBuilder,
  input: Tensor,
  filters: number,
  strides: number,
  expansion: number,
  block: number,
): Tensor {
  const name = block === 0 ? 'expanded_conv' : `block_${block}`;
  const normalized = (x: Tensor, part: string): Tensor =>
    builder.batchNorm(x, { name: `${name}_${part}_BN`, momentum: V2_MOMENTUM });
  let x = input;
  if (block > 0) {
    const wide = expansion * channels(input);
    x = builder.convolution(x, wide, 1, { name: `${name}_expand`, padding: 'same', bias: false });
    x = builder.relu(normalized(x, 'expand'), `${name}_expand_relu`, 6);
  }
  if (strides === 2) x = builder.zeroPadding(x, evenMargins(x, 3), `${name}_pad`);
  x = builder.depthwise(x, 3, {
    name: `${name}_depthwise`,
    strides,
    padding: strides === 1 ? 'same' : 'valid',
    bias: false,
  });
  x = builder.relu(normalized(x, 'depthwise'), `${name}_depthwise_relu`, 6);
  x = builder.convolution(x, filters, 1, { name: `${name}_project`, padding: 'same', bias: false });
  x = normalized(x, 'project');
  return channels(input) === filters && strides === 1 ? builder.add([input, x], `${name}_add`) : x;
}
