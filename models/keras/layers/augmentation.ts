/** Layers that change their input in training only. */
import { singleInput } from '../../graph/ops/image-input.ts';
import type { LayerDefinition } from './definition.ts';

/** Keras' classes, and what their options are called: none of them matters outside of training. */
const CLASSES: Readonly<Record<string, readonly string[]>> = {
  AugMix: ['all_ops', 'alpha', 'chain_depth', 'factor', 'interpolation', 'num_chains', 'value_range'],
  CutMix: ['factor'],
  Equalization: ['bins', 'value_range'],
  MaxNumBoundingBoxes: ['max_number', 'fill_value'],
  MixUp: ['alpha'],
  RandAugment: ['factor', 'interpolation', 'num_ops', 'value_range'],
  RandomBrightness: ['factor', 'value_range'],
  RandomColorDegeneration: ['factor', 'value_range'],
  RandomColorJitter: [
    'brightness_factor',
    'contrast_factor',
    'hue_factor',
    'saturation_factor',
    'value_range',
  ],
  RandomContrast: ['factor', 'value_range'],
  RandomElasticTransform: ['factor', 'fill_mode', 'fill_value', 'interpolation', 'scale', 'value_range'],
  RandomErasing: ['factor', 'fill_value', 'scale', 'value_range'],
  RandomFlip: ['mode'],
  RandomGaussianBlur: ['factor', 'kernel_size', 'sigma', 'value_range'],
  RandomGrayscale: ['factor'],
  RandomHeight: ['factor', 'interpolation'],
  RandomHue: ['factor', 'value_range'],
  RandomInvert: ['factor', 'value_range'],
  RandomPerspective: ['factor', 'fill_value', 'interpolation', 'scale'],
  RandomPosterization: ['factor', 'value_range'],
  RandomRotation: ['factor', 'fill_mode', 'fill_value', 'interpolation'],
  RandomSaturation: ['factor', 'value_range'],
  RandomSharpness: ['factor', 'value_range'],
  RandomShear: ['fill_mode', 'fill_value', 'interpolation', 'x_factor', 'y_factor'],
  RandomTranslation: ['fill_mode', 'fill_value', 'height_factor', 'interpolation', 'width_factor'],
  RandomWidth: ['factor', 'interpolation'],
  RandomZoom: ['fill_mode', 'fill_value', 'height_factor', 'interpolation', 'width_factor'],
  Solarization: ['addition_factor', 'threshold_factor', 'value_range'],
};

function passesOn(
  className: string,
  options: readonly string[],
  differsInTraining: boolean,
): LayerDefinition {
  return {
    classNames: [className],
    differsInTraining,
    takesIntegers: true,
    build(layer, inputs) {
      // Keras 3 writes their default `training = True` into every call, and overrides it in inference.
      if (layer.keras === 3) layer.arguments.get('training');
      layer.options.ignore('data_format', 'bounding_box_format', 'auto_vectorize', ...options);
      return singleInput(inputs, layer.ref);
    },
  };
}

export const augmentationLayers: readonly LayerDefinition[] = [
  ...Object.entries(CLASSES).map(([name, options]) => passesOn(name, options, true)),
  // These add to the loss, or nothing at all.
  passesOn('ActivityRegularization', ['l1', 'l2'], false),
  passesOn('Identity', [], false),
];
