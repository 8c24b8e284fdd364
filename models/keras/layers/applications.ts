/** Layers that keras.applications defines for its own models. */
import { singleInput } from '../../graph/ops/image-input.ts';
import { Weight } from '../../graph/weight.ts';
import { invalidLayer } from '../../model-error.ts';
import type { LayerDefinition } from './definition.ts';

/** ConvNeXt: one trained factor a channel. */
const layerScale: LayerDefinition = {
  classNames: ['LayerScale'],
  build(layer, inputs) {
    const input = singleInput(inputs, layer.ref);
    layer.options.ignore('init_values');
    const { gamma } = layer.weights({ gamma: [layer.options.count('projection_dim')] });
    const axis = Math.max(0, input.shape.length - 1);
    return layer.add({ kind: 'affine', scale: gamma, offset: undefined, axis }, inputs);
  },
};

/** Inception-ResNet: the first input and a part of the second. */
const customScaleLayer: LayerDefinition = {
  classNames: ['CustomScaleLayer'],
  build(layer, inputs) {
    const [input, residual, ...others] = inputs;
    if (input === undefined || residual === undefined || others.length > 0) {
      throw invalidLayer(layer.ref, `takes two inputs, not ${inputs.length}`);
    }
    const factor = layer.options.number('scale', 1);
    const scale =
      factor === 1 ? undefined : new Weight(`${layer.ref.name}/scale`, [1], Float32Array.of(factor));
    const part =
      scale === undefined
        ? residual
        : layer.add({ kind: 'affine', scale, offset: undefined, axis: 0 }, [residual]);
    return layer.add({ kind: 'merge', mode: 'add' }, [input, part]);
  },
};

export const applicationLayers: readonly LayerDefinition[] = [customScaleLayer, layerScale];
