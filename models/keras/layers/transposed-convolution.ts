import type { Pads } from '../../graph/ops/window.ts';
import { at } from '../../graph/weight.ts';
import { invalidLayer } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import { overChannelsLast } from './channels.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

/** One axis of a transposed convolution. */
interface Axis {
  readonly length: number;
  /** Positions that the (dilated) kernel spans. */
  readonly extent: number;
  readonly stride: number;
  readonly outputPadding: number | undefined;
}

/** How long Keras makes the output of one axis, and what it takes from the full result's beginning to get there. */
function placed(axis: Axis, same: boolean, layer: LayerContext): readonly [length: number, crop: number] {
  const { length, extent, stride, outputPadding } = axis;
  const full = (length - 1) * stride + extent;
  if (!same) {
    const added = outputPadding ?? Math.max(stride - extent, 0);
    return [full + added, 0];
  }
  const out =
    outputPadding === undefined ? length * stride : (length - 1) * stride + (extent % 2) + outputPadding;
  // TensorFlow takes the layer as the gradient of a 'same' convolution from the output to the input.
  if (Math.ceil(out / stride) !== length) {
    throw invalidLayer(
      layer.ref,
      `option output_padding makes an output of ${out} positions, which no convolution of stride ${stride} turns into ${length}`,
      'TensorFlow refuses this layer too.',
    );
  }
  return [out, Math.floor(Math.max(full - out, 0) / 2)];
}

/** A whole number of at least 0 for each axis; undefined where the option is left out. */
function outputPaddings({ options }: LayerContext, axes: number): readonly number[] | undefined {
  const raw = options.raw('output_padding');
  if (raw === null) return undefined;
  const numbers = isList(raw) ? raw : new Array<unknown>(axes).fill(raw);
  const valid = (value: unknown): value is number =>
    typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
  if (numbers.length !== axes || !numbers.every(valid)) {
    throw options.invalid('output_padding', 'whole numbers');
  }
  return numbers;
}

function transposedLayer(classNames: readonly string[], axes: number): LayerDefinition {
  return {
    classNames,
    build(layer, inputs) {
      const { options } = layer;
      const value = overChannelsLast(layer, inputs, axes, (input, { sizes, channels }) => {
        const size = options.counts('kernel_size', axes);
        const strides = options.counts('strides', axes, 1);
        const dilations = options.counts('dilation_rate', axes, 1);
        const paddings = outputPaddings(layer, axes);
        const same = options.word('padding', ['valid', 'same'], 'valid') === 'same';
        const filters = options.count('filters');
        // Keras 2 writes it (its base class has it) and computes one group.
        if (options.count('groups', 1) !== 1) throw options.invalid('groups', '1');
        const begin: number[] = [];
        const end: number[] = [];
        sizes.forEach((length, i) => {
          const extent = (at(size, i) - 1) * at(dilations, i) + 1;
          const stride = at(strides, i);
          const [out, crop] = placed({ length, extent, stride, outputPadding: paddings?.[i] }, same, layer);
          begin.push(crop);
          end.push((length - 1) * stride + extent - crop - out);
        });
        const { kernel, bias } = layer.weights({
          kernel: [...size, filters, channels],
          bias: options.flag('use_bias', true) ? [filters] : undefined,
        });
        const crops: Pads = { begin, end };
        return layer.add(
          { kind: 'convTranspose', kernel, bias, strides, dilations, crops, layout: 'channelsLast' },
          [input],
        );
      });
      return layer.fusedActivation(value);
    },
  };
}

export const transposedConvolutionLayers: readonly LayerDefinition[] = [
  transposedLayer(['Conv1DTranspose', 'Convolution1DTranspose'], 1),
  transposedLayer(['Conv2DTranspose', 'Convolution2DTranspose'], 2),
  transposedLayer(['Conv3DTranspose', 'Convolution3DTranspose'], 3),
];
