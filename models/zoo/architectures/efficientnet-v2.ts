/** EfficientNetV2: Tan and Le, "Smaller Models and Faster Training" (2021). */
import type { Architecture } from './architecture.ts';
import type { ArchitectureBuilder, BatchNormOptions } from './builder.ts';
import { squeezeAndExcite, top } from './efficientnet.ts';
import { channels, type Tensor } from './tensor.ts';

/** Blocks of one kind. A fused block expands with a 3×3 convolution; the others have a depthwise one and squeeze. */
interface Stage {
  readonly fused: boolean;
  readonly repeats: number;
  readonly filters: number;
  readonly expansion: number;
  readonly strides: number;
}

export type EfficientNetV2Kind = 'base' | 's' | 'm' | 'l';

function stage(
  kind: 'fused' | 'depthwise',
  repeats: number,
  filters: number,
  expansion: number,
  strides: number,
): Stage {
  return { fused: kind === 'fused', repeats, filters, expansion, strides };
}

const STAGES: Readonly<Record<EfficientNetV2Kind, readonly Stage[]>> = {
  base: [
    stage('fused', 1, 16, 1, 1),
    stage('fused', 2, 32, 4, 2),
    stage('fused', 2, 48, 4, 2),
    stage('depthwise', 3, 96, 4, 2),
    stage('depthwise', 5, 112, 6, 1),
    stage('depthwise', 8, 192, 6, 2),
  ],
  s: [
    stage('fused', 2, 24, 1, 1),
    stage('fused', 4, 48, 4, 2),
    stage('fused', 4, 64, 4, 2),
    stage('depthwise', 6, 128, 4, 2),
    stage('depthwise', 9, 160, 6, 1),
    stage('depthwise', 15, 256, 6, 2),
  ],
  m: [
    stage('fused', 3, 24, 1, 1),
    stage('fused', 5, 48, 4, 2),
    stage('fused', 5, 80, 4, 2),
    stage('depthwise', 7, 160, 4, 2),
    stage('depthwise', 14, 176, 6, 1),
    stage('depthwise', 18, 304, 6, 2),
    stage('depthwise', 5, 512, 6, 1),
  ],
  l: [
    stage('fused', 4, 32, 1, 1),
    stage('fused', 7, 64, 4, 2),
    stage('fused', 7, 96, 4, 2),
    stage('depthwise', 10, 192, 4, 2),
    stage('depthwise', 19, 224, 6, 1),
    stage('depthwise', 25, 384, 6, 2),
    stage('depthwise', 7, 640, 6, 1),
  ],
};

const STEM_FILTERS: Readonly<Record<EfficientNetV2Kind, number>> = { base: 32, s: 24, m: 24, l: 32 };
const NORM: BatchNormOptions = { axis: 3, momentum: 0.9 };
const DROP_RATE = 0.2;
const DROPOUT = 0.2;
const NO_BIAS = { padding: 'same', bias: false } as const;
/** ImageNet's means and deviations of pixels 0…1. */
const MEAN = [0.485, 0.456, 0.406];
const DEVIATION = [0.229, 0.224, 0.225];

/**
 * @param width factor on the filters
 * @param depth factor on the repeats
 */
export function efficientnetV2(kind: EfficientNetV2Kind, width: number, depth: number): Architecture {
  return (builder, input, options) => {
    let x = scaled(builder, input, kind);
    x = builder.convolution(x, rounded(STEM_FILTERS[kind] * width), 3, {
      ...NO_BIAS,
      name: 'stem_conv',
      strides: 2,
    });
    x = normalized(builder, x, 'stem_bn', 'stem_activation');
    const stages = STAGES[kind].map((settings) => ({
      ...settings,
      repeats: Math.ceil(depth * settings.repeats),
      filters: rounded(settings.filters * width),
    }));
    // Keras counts the blocks before the factor on the depth.
    const total = STAGES[kind].reduce((sum, { repeats }) => sum + repeats, 0);
    let number = 0;
    for (const [i, settings] of stages.entries()) {
      for (let j = 0; j < settings.repeats; j++, number++) {
        const name = `block${i + 1}${String.fromCharCode(97 + j)}`;
        const strides = j === 0 ? settings.strides : 1;
        x = block(builder, x, { ...settings, strides }, name, (DROP_RATE * number) / total);
      }
    }
    x = builder.convolution(x, rounded(1280 * width), 1, { ...NO_BIAS, name: 'top_conv' });
    return top(builder, normalized(builder, x, 'top_bn', 'top_activation'), options, DROPOUT);
  };
}

function scaled(builder: ArchitectureBuilder, input: Tensor, kind: EfficientNetV2Kind): Tensor {
  if (kind !== 'base') return builder.rescaling(input, 1 / 128, -1);
  const variance = DEVIATION.map((deviation) => deviation ** 2);
  return builder.normalization(builder.rescaling(input, 1 / 255, 0), 3, { mean: MEAN, variance });
}

function block(
  builder: ArchitectureBuilder,
  input: Tensor,
  { fused, filters, expansion, strides }: Stage,
  name: string,
  dropRate: number,
): Tensor {
  const wide = channels(input) * expansion;
  const kernel = fused ? 3 : 1;
  let x = input;
  if (expansion > 1) {
    x = builder.convolution(x, wide, kernel, {
      ...NO_BIAS,
      name: `${name}_expand_conv`,
      strides: fused ? strides : 1,
    });
    x = normalized(builder, x, `${name}_expand_bn`, `${name}_expand_activation`);
  }
  if (!fused) {
    x = builder.depthwise(x, 3, { ...NO_BIAS, name: `${name}_dwconv2`, strides });
    x = normalized(builder, x, `${name}_bn`, `${name}_activation`);
    x = squeezeAndExcite(builder, x, Math.max(1, Math.floor(channels(input) / 4)), name);
  }
  // Without an expansion the only convolution of a fused block is its projection.
  const only = fused && expansion === 1;
  x = builder.convolution(x, filters, only ? 3 : 1, {
    ...NO_BIAS,
    name: `${name}_project_conv`,
    strides: only ? strides : 1,
  });
  x = builder.batchNorm(x, { ...NORM, name: `${name}_project_bn` });
  if (only) x = builder.activation(x, 'silu', `${name}_project_activation`);
  if (strides > 1 || channels(input) !== filters) return x;
  if (dropRate > 0) x = builder.dropout(x, dropRate, `${name}_drop`, [null, 1, 1, 1]);
  return builder.add([x, input], `${name}_add`);
}

function normalized(builder: ArchitectureBuilder, x: Tensor, norm: string, activation: string): Tensor {
  return builder.activation(builder.batchNorm(x, { ...NORM, name: norm }), 'silu', activation);
}

/** The nearest multiple of eight; unlike the first generation's, however far below. */
function rounded(filters: number): number {
  return Math.max(8, Math.floor((filters + 4) / 8) * 8);
}
