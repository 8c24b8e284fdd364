/** EfficientNet B0 to B7: Tan and Le, "Rethinking Model Scaling" (2019). */
import { type Architecture, type ArchitectureOptions, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import { channels, evenMargins, roundToEight, type Tensor } from './tensor.ts';

interface Stage {
  readonly kernel: number;
  readonly repeats: number;
  readonly filters: number;
  readonly expansion: number;
  readonly strides: number;
}

const STAGES: readonly Stage[] = [
  { kernel: 3, repeats: 1, filters: 16, expansion: 1, strides: 1 },
  { kernel: 3, repeats: 2, filters: 24, expansion: 6, strides: 2 },
  { kernel: 5, repeats: 2, filters: 40, expansion: 6, strides: 2 },
  { kernel: 3, repeats: 3, filters: 80, expansion: 6, strides: 2 },
  { kernel: 5, repeats: 3, filters: 112, expansion: 6, strides: 1 },
  { kernel: 5, repeats: 4, filters: 192, expansion: 6, strides: 2 },
  { kernel: 3, repeats: 1, filters: 320, expansion: 6, strides: 1 },
];

/** Share of residual branches that training drops, in the last block; earlier ones less. */
const DROP_RATE = 0.2;
const DEVIATION = [0.229, 0.224, 0.225];
const NO_BIAS = { padding: 'same', bias: false } as const;

/**
 * @param width factor on the filters
 * @param depth factor on the repeats
 * @param dropout before the classifier
 */
export function efficientnet(width: number, depth: number, dropout: number): Architecture {
  return (builder, input, options) => {
    let x = builder.normalization(builder.rescaling(input, 1 / 255, 0), 3);
    if (options.imagenetScaling) {
      x = builder.rescaling(
        x,
        DEVIATION.map((deviation) => 1 / Math.sqrt(deviation)),
        0,
      );
    }
    x = builder.zeroPadding(x, evenMargins(x, 3), 'stem_conv_pad');
    x = builder.convolution(x, roundToEight(32 * width), 3, { name: 'stem_conv', strides: 2, bias: false });
    x = normalized(builder, x, 'stem_bn', 'stem_activation');
    const repeats = STAGES.map((stage) => Math.ceil(depth * stage.repeats));
    const total = repeats.reduce((sum, count) => sum + count, 0);
    let number = 0;
    for (const [i, stage] of STAGES.entries()) {
      for (let j = 0; j < (repeats[i] ?? 0); j++, number++) {
        const name = `block${i + 1}${String.fromCharCode(97 + j)}`;
        const strides = j === 0 ? stage.strides : 1;
        const filters = roundToEight(stage.filters * width);
        x = block(builder, x, { ...stage, strides, filters }, name, (DROP_RATE * number) / total);
      }
    }
    x = builder.convolution(x, roundToEight(1280 * width), 1, { ...NO_BIAS, name: 'top_conv' });
    return top(builder, normalized(builder, x, 'top_bn', 'top_activation'), options, dropout);
  };
}

function block(
  builder: ArchitectureBuilder,
  input: Tensor,
  { kernel, filters, expansion, strides }: Stage,
  name: string,
  dropRate: number,
): Tensor {
  let x = input;
  if (expansion > 1) {
    const wide = channels(input) * expansion;
    x = builder.convolution(x, wide, 1, { ...NO_BIAS, name: `${name}_expand_conv` });
    x = normalized(builder, x, `${name}_expand_bn`, `${name}_expand_activation`);
  }
  if (strides === 2) x = builder.zeroPadding(x, evenMargins(x, kernel), `${name}_dwconv_pad`);
  x = builder.depthwise(x, kernel, {
    name: `${name}_dwconv`,
    strides,
    padding: strides === 2 ? 'valid' : 'same',
    bias: false,
  });
  x = normalized(builder, x, `${name}_bn`, `${name}_activation`);
  x = squeezeAndExcite(builder, x, Math.max(1, Math.floor(channels(input) / 4)), name);
  x = builder.convolution(x, filters, 1, { ...NO_BIAS, name: `${name}_project_conv` });
  x = builder.batchNorm(x, { name: `${name}_project_bn`, axis: 3 });
  if (strides > 1 || channels(input) !== filters) return x;
  if (dropRate > 0) x = builder.dropout(x, dropRate, `${name}_drop`, [null, 1, 1, 1]);
  return builder.add([x, input], `${name}_add`);
}

/** One factor a channel, from the averages of all channels. */
export function squeezeAndExcite(
  builder: ArchitectureBuilder,
  input: Tensor,
  squeezed: number,
  name: string,
): Tensor {
  const count = channels(input);
  let x = builder.reshape(
    builder.globalAverage(input, `${name}_se_squeeze`),
    [1, 1, count],
    `${name}_se_reshape`,
  );
  const part = (suffix: string, activation: string) =>
    ({ name: `${name}_se_${suffix}`, padding: 'same', activation }) as const;
  x = builder.convolution(x, squeezed, 1, part('reduce', 'silu'));
  x = builder.convolution(x, count, 1, part('expand', 'sigmoid'));
  return builder.multiply(input, x, `${name}_se_excite`);
}

/** Both generations end alike. */
export function top(
  builder: ArchitectureBuilder,
  x: Tensor,
  options: ArchitectureOptions,
  dropout: number,
): Tensor {
  if (!options.includeTop) return averageAndDense(builder, x, options, { avg: 'avg_pool', max: 'max_pool' });
  const average = builder.dropout(builder.globalAverage(x, 'avg_pool'), dropout, 'top_dropout');
  return builder.dense(average, options.classes, options.classifierActivation, 'predictions');
}

function normalized(builder: ArchitectureBuilder, x: Tensor, norm: string, activation: string): Tensor {
  return builder.activation(builder.batchNorm(x, { name: norm, axis: 3 }), 'silu', activation);
}
