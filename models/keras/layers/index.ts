/** The Keras layers that are compiled. To add one: a file beside this, a line here, a fixture. */
import { activationLayers } from './activations.ts';
import { batchNormalizationLayer } from './batch-normalization.ts';
import { conv2dLayer, depthwiseConv2dLayer, separableConv2dLayer } from './convolution.ts';
import type { LayerDefinition } from './definition.ts';
import { denseLayer } from './dense.ts';
import { mergingLayers } from './merging.ts';
import { noiseLayers } from './noise.ts';
import { poolingLayers } from './pooling.ts';
import { rescalingLayer } from './rescaling.ts';
import { shapingLayers } from './shaping.ts';

const DEFINITIONS: readonly LayerDefinition[] = [
  ...activationLayers,
  batchNormalizationLayer,
  conv2dLayer,
  denseLayer,
  depthwiseConv2dLayer,
  ...mergingLayers,
  ...noiseLayers,
  ...poolingLayers,
  rescalingLayer,
  separableConv2dLayer,
  ...shapingLayers,
];

const BY_CLASS = new Map(
  DEFINITIONS.flatMap((definition) => definition.classNames.map((name) => [name, definition])),
);

/** The definition of a Keras class, undefined when it is not supported. */
export function layerDefinition(className: string): LayerDefinition | undefined {
  return BY_CLASS.get(className);
}
