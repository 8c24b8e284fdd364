/** The Keras layers that are compiled. To add one: a file beside this, a line here, a fixture. */

import { tensorflowLayers } from '../operations/tensorflow.ts';
import { activationLayers } from './activations.ts';
import { applicationLayers } from './applications.ts';
import { attentionLayers } from './attention.ts';
import { augmentationLayers } from './augmentation.ts';
import { batchNormalizationLayer } from './batch-normalization.ts';
import { convRecurrentLayers } from './conv-recurrent.ts';
import { convolutionLayers } from './convolution.ts';
import type { LayerDefinition } from './definition.ts';
import { denseLayer } from './dense.ts';
import { dotLayer } from './dot.ts';
import { einsumDenseLayer } from './einsum-dense.ts';
import { embeddingLayers } from './embedding.ts';
import { encodingLayers } from './encoding.ts';
import { imageLayers } from './image.ts';
import { locallyConnectedLayers } from './locally-connected.ts';
import { mergingLayers } from './merging.ts';
import { multiHeadAttentionLayers } from './multi-head-attention.ts';
import { noiseLayers } from './noise.ts';
import { normalizationLayers } from './normalization.ts';
import { paddingLayers } from './padding.ts';
import { poolingLayers } from './pooling.ts';
import { recurrentLayers } from './recurrent.ts';
import { rescalingLayer } from './rescaling.ts';
import { shapingLayers } from './shaping.ts';
import { standardizationLayer } from './standardization.ts';
import { transposedConvolutionLayers } from './transposed-convolution.ts';
import { wrapperLayers } from './wrappers.ts';

const DEFINITIONS: readonly LayerDefinition[] = [
  ...activationLayers,
  ...augmentationLayers,
  ...applicationLayers,
  ...attentionLayers,
  batchNormalizationLayer,
  ...convRecurrentLayers,
  ...convolutionLayers,
  denseLayer,
  dotLayer,
  einsumDenseLayer,
  ...embeddingLayers,
  ...encodingLayers,
  ...imageLayers,
  ...locallyConnectedLayers,
  ...mergingLayers,
  ...multiHeadAttentionLayers,
  ...noiseLayers,
  ...normalizationLayers,
  ...paddingLayers,
  ...poolingLayers,
  ...recurrentLayers,
  rescalingLayer,
  ...shapingLayers,
  standardizationLayer,
  ...tensorflowLayers,
  ...transposedConvolutionLayers,
  ...wrapperLayers,
];

const BY_CLASS = new Map(
  DEFINITIONS.flatMap((definition) => definition.classNames.map((name) => [name, definition])),
);

/** The definition of a Keras class, undefined when it is not supported. */
export function layerDefinition(className: string): LayerDefinition | undefined {
  return BY_CLASS.get(className);
}
