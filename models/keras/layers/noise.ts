import type { NoiseOp } from '../../graph/ops/noise.ts';
import type { LayerDefinition } from './definition.ts';

function noiseLayer(
  classNames: readonly string[],
  distribution: NoiseOp['distribution'],
  option: 'rate' | 'stddev',
): LayerDefinition {
  return {
    classNames,
    differsInTraining: true,
    build(layer, inputs) {
      layer.options.ignore('noise_shape', 'data_format');
      return layer.add({ kind: 'noise', distribution, amount: layer.options.number(option, 0) }, inputs);
    },
  };
}

export const noiseLayers: readonly LayerDefinition[] = [
  noiseLayer(['Dropout'], 'dropout', 'rate'),
  noiseLayer(['SpatialDropout1D', 'SpatialDropout2D', 'SpatialDropout3D'], 'spatialDropout', 'rate'),
  noiseLayer(['GaussianNoise'], 'gaussian', 'stddev'),
  noiseLayer(['GaussianDropout'], 'gaussianDropout', 'rate'),
  noiseLayer(['AlphaDropout'], 'alphaDropout', 'rate'),
];
