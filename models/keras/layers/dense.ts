import { singleInput } from '../../graph/ops/image-input.ts';
import { invalidLayer } from '../../model-error.ts';
import type { LayerDefinition } from './definition.ts';

export const denseLayer: LayerDefinition = {
  classNames: ['Dense'],
  build(layer, inputs) {
    const { options } = layer;
    const width = singleInput(inputs, layer.ref).shape.at(-1);
    if (width === undefined) throw invalidLayer(layer.ref, 'its input has no features');
    const units = options.count('units');
    const { kernel, bias } = layer.weights({
      kernel: [width, units],
      bias: options.flag('use_bias', true) ? [units] : undefined,
    });
    return layer.fusedActivation(layer.add({ kind: 'dense', kernel, bias }, inputs));
  },
};
