import { singleInput } from '../../graph/ops/image-input.ts';
import { invalidLayer } from '../../model-error.ts';
import { leakyReluLayer, reluLayer, softmaxAxis } from '../config/activations.ts';
import { isList } from '../config/json.ts';
import type { LayerDefinition } from './definition.ts';

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
    classNames: ['ELU'],
    build(layer, inputs) {
      const alpha = layer.options.number('alpha', 1);
      return layer.add({ kind: 'activation', fn: { name: 'elu', alpha } }, inputs);
    },
  },
  {
    classNames: ['Softmax'],
    build(layer, inputs) {
      const axis = softmaxAxis(layer.options);
      return layer.activate({ kind: 'softmax', axis, log: false }, singleInput(inputs, layer.ref));
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
