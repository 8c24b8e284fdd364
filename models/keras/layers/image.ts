/** Layers that make images of other sizes. */
import { invalidLayer, unsupported } from '../../model-error.ts';
import { cut, type Resizing, resized, resizingOptions } from '../operations/images.ts';
import { overChannelsLast } from './channels.ts';
import type { LayerDefinition } from './definition.ts';

/** The largest part of the target's aspect ratio, from the middle, resized. */
function smart(size: readonly [number, number]): Resizing {
  return { size, interpolation: 'bilinear', antialias: false, fit: 'crop', fillValue: 0 };
}

export const imageLayers: readonly LayerDefinition[] = [
  {
    classNames: ['Resizing'],
    build(layer, inputs) {
      const size = [layer.options.count('height'), layer.options.count('width')] as const;
      const options = resizingOptions(layer, size);
      return overChannelsLast(layer, inputs, 2, (input) => resized(layer, input, options));
    },
  },
  {
    classNames: ['CenterCrop'],
    build(layer, inputs) {
      const height = layer.options.count('height');
      const width = layer.options.count('width');
      return overChannelsLast(layer, inputs, 2, (input, { sizes: [rows = 0, columns = 0] }) => {
        if (rows < height || columns < width) return resized(layer, input, smart([height, width]));
        const start = [Math.floor((rows - height) / 2), Math.floor((columns - width) / 2)] as const;
        return cut(layer, input, start, [height, width]);
      });
    },
  },
  {
    classNames: ['RandomCrop'],
    differsInTraining: true,
    build(layer, inputs) {
      if (layer.keras === 3) layer.arguments.get('training');
      const height = layer.options.count('height');
      const width = layer.options.count('width');
      return overChannelsLast(layer, inputs, 2, (input, { sizes: [rows, columns] }) => {
        if (rows === height && columns === width) return input;
        if (layer.keras === 2) return resized(layer, input, smart([height, width]));
        if (layer.keras === undefined) throw invalidLayer(layer.ref, 'the file does not tell its Keras');
        throw unsupported(
          layer.ref,
          `outside of training, versions of Keras 3 leave ${rows}×${columns} images as they are or make them ${height}×${width}`,
          'Put CenterCrop or Resizing in its place.',
        );
      });
    },
  },
];
