/** The Keras layers that are compiled. To add one: a file beside this, a line here, a fixture. */
import { activationLayers } from './activations.ts';
import { applicationLayers } from './applications.ts';
import { batchNormalizationLayer } from './batch-normalization.ts';
import { convolutionLayers } from './convolution.ts';
import type { LayerDefinition } from './definition.ts';
import { denseLayer } from './dense.ts';
import { locallyConnectedLayers } from './locally-connected.ts';
import { mergingLayers } from './merging.ts';
import { noiseLayers } from './noise.ts';
import { paddingLayers } from './padding.ts';
import { poolingLayers } from './pooling.ts';
import { rescalingLayer } from './rescaling.ts';
import { shapingLayers } from './shaping.ts';
import { transposedConvolutionLayers } from './transposed-convolution.ts';

const DEFINITIONS: readonly LayerDefinition[] = [
  ...activationLayers,
  ...applicationLayers,
  batchNormalizationLayer,
  ...convolutionLayers,
  denseLayer,
  ...locallyConnectedLayers,
  ...mergingLayers,
  ...noiseLayers,
  ...paddingLayers,
  ...poolingLayers,
  rescalingLayer,
  ...shapingLayers,
  ...transposedConvolutionLayers,
];

const BY_CLASS = new Map(
  DEFINITIONS.flatMap((definition) => definition.classNames.map((name) => [name, definition])),
);

/** The definition of a Keras class, undefined when it is not supported. */
export function layerDefinition(className: string): LayerDefinition | undefined {
  return BY_CLASS.get(className);
}
