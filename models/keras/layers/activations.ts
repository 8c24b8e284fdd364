import { singleInput } from '../../graph/ops/image-input.ts';
import { invalidLayer } from '../../model-error.ts';
import { leakyReluLayer, reluLayer, softmaxAxis } from '../config/activations.ts';
import { isList } from '../config/json.ts';
import { axesOf } from '../operations/axes.ts';
import { softmaxOver } from '../operations/feature-activations.ts';
import { featureAxis } from './axis.ts';
import type { LayerDefinition } from './definition.ts';
import { broadcastMask, maskedSoftmax } from './masking.ts';

export const activationLayers: readonly LayerDefinition[] = [
  {
    classNames: ['Activation'],
    build: (layer, inputs) => layer.fusedActivation(singleInput(inputs, layer.ref)),
  },
  {
    classNames: ['ReLU'],
    build: (layer, inputs) => layer.activate(reluLayer(layer.options), singleInput(inputs, layer.ref)),
  },
  {
    classNames: ['LeakyReLU'],
    build: (layer, inputs) => layer.activate(leakyReluLayer(layer.options), singleInput(inputs, layer.ref)),
  },
  {
    // Keras 2's: what is not above theta is zero.
    classNames: ['ThresholdedReLU'],
    build(layer, inputs) {
      const threshold = layer.options.number('theta', 1);
      return layer.add({ kind: 'activation', fn: { name: 'threshold', threshold, otherwise: 0 } }, inputs);
    },
  },
  {
    // keras.activations.mish puts an operation into a model, not a layer.
    classNames: ['Mish'],
    build: (layer, inputs) => layer.add({ kind: 'activation', fn: { name: 'mish' } }, inputs),
  },
  {
    classNames: ['ELU'],
    build(layer, inputs) {
      const alpha = layer.options.number('alpha', 1);
      return layer.add({ kind: 'activation', fn: { name: 'elu', alpha } }, inputs);
    },
  },
  {
    classNames: ['Softmax'],
    build(layer, inputs) {
      const input = singleInput(inputs, layer.ref);
      const raw = layer.options.raw('axis');
      if (isList(raw) && raw.length > 1) {
        return softmaxOver(layer, input, axesOf(layer, raw, input.shape.length));
      }
      const axis = softmaxAxis(layer.options);
      const mask = layer.mask();
      if (mask !== undefined) {
        const input = singleInput(inputs, layer.ref);
        return maskedSoftmax(
          layer,
          broadcastMask(layer, mask, input),
          input,
          featureAxis(layer, axis, input),
        );
      }
      return layer.activate({ kind: 'softmax', axis, log: false }, input);
    },
  },
  {
    classNames: ['PReLU'],
    build(layer, inputs) {
      const { shape } = singleInput(inputs, layer.ref);
      const shared = layer.options.raw('shared_axes') ?? [];
      if (!isList(shared)) throw layer.options.invalid('shared_axes', 'a list of axes');
      const alphaShape = shape.map((size, axis) => (shared.includes(axis + 1) ? 1 : size));
      if (shared.some((axis) => typeof axis !== 'number' || axis < 1 || axis > shape.length)) {
        throw invalidLayer(
          layer.ref,
          `option shared_axes = ${shared.join(', ')} names axes that its input lacks`,
        );
      }
      const { alpha } = layer.weights({ alpha: alphaShape });
      return layer.add({ kind: 'prelu', alpha, order: shape.map((_, axis) => axis) }, inputs);
    },
  },
];
