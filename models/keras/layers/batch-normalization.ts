import { singleInput } from '../../graph/ops/image-input.ts';
import { at } from '../../graph/weight.ts';
import { isList } from '../config/json.ts';
import { featureAxis } from './axis.ts';
import type { LayerDefinition } from './definition.ts';

export const batchNormalizationLayer: LayerDefinition = {
  classNames: [
    'BatchNormalization',
    'BatchNormalizationV1',
    'BatchNormalizationV2',
    'SyncBatchNormalization',
  ],
  differsInTraining: true,
  build(layer, inputs) {
    const { options } = layer;
    const input = singleInput(inputs, layer.ref);
    const raw = options.raw('axis') ?? -1;
    const declared = isList(raw) && raw.length === 1 ? raw[0] : raw;
    if (typeof declared !== 'number') throw options.invalid('axis', 'one whole number');
    const axis = featureAxis(layer, declared, input);
    const features = [at(input.shape, axis)];
    options.ignore('synchronized', 'renorm_clipping', 'renorm_momentum');
    const { gamma, beta, moving_mean, moving_variance } = layer.weights(
      {
        gamma: options.flag('scale', true) ? features : undefined,
        beta: options.flag('center', true) ? features : undefined,
        moving_mean: features,
        moving_variance: features,
      },
      ['moving_mean', 'moving_variance'],
    );
    return layer.add(
      {
        kind: 'batchNormalization',
        gamma,
        beta,
        mean: moving_mean,
        variance: moving_variance,
        epsilon: options.number('epsilon', 1e-3),
        momentum: options.number('momentum', 0.99),
        axis,
      },
      inputs,
    );
  },
};
