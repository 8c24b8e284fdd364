/** MobileNetV3: Howard and others, "Searching for MobileNetV3" (2019). */
import { type Architecture, poolFeatures } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import { channels, evenMargins, roundToEight, type Tensor } from './tensor.ts';

type Nonlinearity = 'relu' | 'hard_silu';

interface Block {
  readonly expansion: number;
  readonly filters: number;
  readonly kernel: number;
  readonly strides: number;
  readonly squeezes: boolean;
  readonly activation: Nonlinearity;
}

function block(
  expansion: number,
  filters: number,
  kernel: number,
  strides: number,
  squeezes: boolean,
  activation: Nonlinearity,
): Block {
  return { expansion, filters, kernel, strides, squeezes, activation };
}

const SMALL: readonly Block[] = [
  block(1, 16, 3, 2, true, 'relu'),
  block(72 / 16, 24, 3, 2, false, 'relu'),
  block(88 / 24, 24, 3, 1, false, 'relu'),
  block(4, 40, 5, 2, true, 'hard_silu'),
  block(6, 40, 5, 1, true, 'hard_silu'),
  block(6, 40, 5, 1, true, 'hard_silu'),
  block(3, 48, 5, 1, true, 'hard_silu'),
  block(3, 48, 5, 1, true, 'hard_silu'),
  block(6, 96, 5, 2, true, 'hard_silu'),
  block(6, 96, 5, 1, true, 'hard_silu'),
  block(6, 96, 5, 1, true, 'hard_silu'),
];

const LARGE: readonly Block[] = [
  block(1, 16, 3, 1, false, 'relu'),
  block(4, 24, 3, 2, false, 'relu'),
  block(3, 24, 3, 1, false, 'relu'),
  block(3, 40, 5, 2, true, 'relu'),
  block(3, 40, 5, 1, true, 'relu'),
  block(3, 40, 5, 1, true, 'relu'),
  block(6, 80, 3, 2, false, 'hard_silu'),
  block(2.5, 80, 3, 1, false, 'hard_silu'),
  block(2.3, 80, 3, 1, false, 'hard_silu'),
  block(2.3, 80, 3, 1, false, 'hard_silu'),
  block(6, 112, 3, 1, true, 'hard_silu'),
  block(6, 112, 3, 1, true, 'hard_silu'),
  block(6, 160, 5, 2, true, 'hard_silu'),
  block(6, 160, 5, 1, true, 'hard_silu'),
  block(6, 160, 5, 1, true, 'hard_silu'),
];

const MOMENTUM = 0.999;
const DROPOUT_RATE = 0.2;

export const mobilenetV3Small: Architecture = network(SMALL, 1024);
export const mobilenetV3Large: Architecture = network(LARGE, 1280);

/** @param lastFilters width of the layer before the classifier */
function network(blocks: readonly Block[], lastFilters: number): Architecture {
  return (builder, input, options) => {
    let x = builder.rescaling(input, 1 / 127.5, -1);
    x = builder.convolution(x, 16, 3, { name: 'conv', strides: 2, padding: 'same', bias: false });
    x = builder.activation(normalized(builder, x, 'conv_bn'), 'hard_silu');
    for (const [i, settings] of blocks.entries()) x = inverted(builder, x, settings, i);
    const wide = roundToEight(channels(x) * 6);
    x = builder.convolution(x, wide, 1, { name: 'conv_1', padding: 'same', bias: false });
    x = builder.activation(normalized(builder, x, 'conv_1_bn'), 'hard_silu');
    if (!options.includeTop) {
      return poolFeatures(builder, x, options.pooling, { avg: 'avg_pool', max: 'max_pool' });
    }
    x = builder.globalAverage(x, undefined, true);
    x = builder.convolution(x, lastFilters, 1, { name: 'conv_2', padding: 'same' });
    x = builder.dropout(builder.activation(x, 'hard_silu'), DROPOUT_RATE);
    x = builder.convolution(x, options.classes, 1, { name: 'logits', padding: 'same' });
    return builder.activation(builder.flatten(x), options.classifierActivation, 'predictions');
  };
}

function inverted(builder: ArchitectureBuilder, input: Tensor, settings: Block, i: number): Tensor {
  const { filters, kernel, strides } = settings;
  const name = i === 0 ? 'expanded_conv' : `expanded_conv_${i}`;
  const activate = (x: Tensor): Tensor =>
    settings.activation === 'relu' ? builder.relu(x) : builder.activation(x, 'hard_silu');
  const pointwise = (x: Tensor, count: number, part: string): Tensor => {
    const options = { name: `${name}_${part}`, padding: 'same', bias: false } as const;
    return normalized(builder, builder.convolution(x, count, 1, options), `${name}_${part}_bn`);
  };
  const wide = roundToEight(channels(input) * settings.expansion);
  let x = i === 0 ? input : activate(pointwise(input, wide, 'expand'));
  if (strides === 2) x = builder.zeroPadding(x, evenMargins(x, kernel), `${name}_depthwise_pad`);
  x = builder.depthwise(x, kernel, {
    name: `${name}_depthwise`,
    strides,
    padding: strides === 1 ? 'same' : 'valid',
    bias: false,
  });
  x = activate(normalized(builder, x, `${name}_depthwise_bn`));
  if (settings.squeezes) x = squeezeAndExcite(builder, x, `${name}_squeeze_excite`);
  x = pointwise(x, filters, 'project');
  return strides === 1 && channels(input) === filters ? builder.add([input, x], `${name}_add`) : x;
}

function squeezeAndExcite(builder: ArchitectureBuilder, input: Tensor, name: string): Tensor {
  const count = channels(input);
  let x = builder.globalAverage(input, `${name}_avg_pool`, true);
  x = builder.convolution(x, roundToEight(count / 4), 1, { name: `${name}_conv`, padding: 'same' });
  x = builder.relu(x, `${name}_relu`);
  x = builder.convolution(x, count, 1, { name: `${name}_conv_1`, padding: 'same' });
  // A hard sigmoid, written out.
  x = builder.relu(builder.operation('Add', x, 3), undefined, 6);
  return builder.multiply(input, builder.operation('Multiply', x, 1 / 6), `${name}_mul`);
}

function normalized(builder: ArchitectureBuilder, x: Tensor, name: string): Tensor {
  return builder.batchNorm(x, { name, momentum: MOMENTUM });
}
