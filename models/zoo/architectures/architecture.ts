/** What every architecture can be asked for, and the ends that most of them share. */
import { type ArchitectureBuilder, functionalModel } from './builder.ts';
import type { Tensor } from './tensor.ts';

export type Pooling = 'avg' | 'max';

/** The options of keras.applications' constructors, all resolved. */
export interface ArchitectureOptions {
  /** With the classifier, as it was trained for ImageNet; without it the model ends at the last feature map. */
  readonly includeTop: boolean;
  readonly classes: number;
  /** Activation of the classifier: 'softmax', or 'linear' for logits. */
  readonly classifierActivation: string;
  readonly inputHeight_px: number;
  readonly inputWidth_px: number;
  /** How the last feature map becomes features, where there is no classifier. */
  readonly pooling: Pooling | undefined;
  /**
   * The weights for ImageNet of EfficientNet B0–B7 were trained on pixels divided by the deviation once more than
   * their Normalization does; Keras adds the layer that does it only for them.
   */
  readonly imagenetScaling: boolean;
}

/** One architecture: from an input to the model's output, layer by layer. */
export type Architecture = (builder: ArchitectureBuilder, x: Tensor, options: ArchitectureOptions) => Tensor;

/** Without a classifier: the last feature map, pooled if asked. */
export function poolFeatures(
  builder: ArchitectureBuilder,
  x: Tensor,
  pooling: Pooling | undefined,
  names: { readonly avg?: string; readonly max?: string } = {},
): Tensor {
  switch (pooling) {
    case 'avg':
      return builder.globalAverage(x, names.avg);
    case 'max':
      return builder.globalMax(x, names.max);
    case undefined:
      return x;
  }
}

/** The end of most networks: the global average and a Dense called `predictions`, or the features. */
export function averageAndDense(
  builder: ArchitectureBuilder,
  x: Tensor,
  options: ArchitectureOptions,
  names: { readonly classifier?: string; readonly avg?: string; readonly max?: string },
): Tensor {
  if (!options.includeTop) return poolFeatures(builder, x, options.pooling, names);
  const average = builder.globalAverage(x, names.classifier);
  return builder.dense(average, options.classes, options.classifierActivation, 'predictions');
}

/** Keras' JSON of a model whose input is an RGB image. */
export function buildModel(
  name: string,
  builder: ArchitectureBuilder,
  architecture: Architecture,
  options: ArchitectureOptions,
): unknown {
  const input = builder.input([options.inputHeight_px, options.inputWidth_px, 3]);
  return functionalModel(name, architecture(builder, input, options));
}
