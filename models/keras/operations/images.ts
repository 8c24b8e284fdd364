/** Images of other sizes, as `keras.ops.image` and the layers around it make them. */
import type { Value } from '../../graph/ops/definition.ts';
import { spatialInput } from '../../graph/ops/layout.ts';
import { INTERPOLATIONS, type Interpolation } from '../../graph/ops/resize.ts';
import { noPads, type Pads, samePads } from '../../graph/ops/window.ts';
import { at, elementCount, Weight } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { overChannelsLast } from '../layers/channels.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { cast } from './operands.ts';
import { limited, operation, tensor, wholes } from './operation.ts';
import { constantLike } from './shapes.ts';

export interface Resizing {
  readonly size: readonly [height: number, width: number];
  readonly interpolation: Interpolation;
  readonly antialias: boolean;
  /** What becomes of an image of another aspect ratio. */
  readonly fit: 'stretch' | 'crop' | 'pad';
  /** What is put around an image. */
  readonly fillValue: number;
}

/** The options that the layer Resizing and the operation share. */
export function resizingOptions({ options, ref }: LayerContext, size: readonly [number, number]): Resizing {
  const crop = options.flag('crop_to_aspect_ratio', false);
  const pad = options.flag('pad_to_aspect_ratio', false);
  if (crop && pad) throw invalidLayer(ref, 'crops and pads to the aspect ratio at once');
  options.word('fill_mode', ['constant'], 'constant');
  const interpolation = options.raw('interpolation');
  const name =
    typeof interpolation === 'string' ? interpolation.toLowerCase() : (interpolation ?? 'bilinear');
  const known = INTERPOLATIONS.find((candidate) => candidate === name);
  if (known === undefined) {
    throw unsupported(ref, `option interpolation = ${JSON.stringify(interpolation)} is not supported`);
  }
  return {
    size,
    interpolation: known,
    antialias: options.flag('antialias', false),
    fit: crop ? 'crop' : pad ? 'pad' : 'stretch',
    fillValue: options.number('fill_value', 0),
  };
}

/** Resizes channels-last images. */
export function resized(layer: LayerContext, image: Value, options: Resizing): Value {
  const [height, width] = spatialInput([image], 2, 'channelsLast', layer.ref).sizes;
  const [targetHeight, targetWidth] = options.size;
  if (height === undefined || width === undefined) throw unsupported(layer.ref, 'takes images');
  // Keras divides in float32 and cuts off.
  const ratio = (length: number, target: number, other: number): number =>
    Math.trunc(Math.fround((length * target) / other));
  const fitHeight = ratio(width, targetHeight, targetWidth);
  const fitWidth = ratio(height, targetWidth, targetHeight);
  let fitted = image;
  if (options.fit === 'crop') {
    const rows = Math.max(Math.min(height, fitHeight), 1);
    const columns = Math.max(Math.min(width, fitWidth), 1);
    fitted = cut(
      layer,
      image,
      [Math.trunc((height - rows) / 2), Math.trunc((width - columns) / 2)],
      [rows, columns],
    );
  } else if (options.fit === 'pad') {
    const rows = Math.trunc((Math.max(height, fitHeight) - height) / 2);
    const columns = Math.trunc((Math.max(width, fitWidth) - width) / 2);
    fitted = surrounded(
      layer,
      image,
      { begin: [rows, columns, 0], end: [rows, columns, 0] },
      options.fillValue,
    );
  }
  if (fitted.shape[0] === targetHeight && fitted.shape[1] === targetWidth) return fitted;
  const { interpolation, antialias } = options;
  return layer.add(
    { kind: 'resize', size: [...options.size], interpolation, antialias, layout: 'channelsLast' },
    [fitted],
  );
}

/** A rectangle of channels-last images. */
export function cut(
  layer: LayerContext,
  image: Value,
  start: readonly [number, number],
  size: readonly [number, number],
): Value {
  const ranges = size.map((count, axis) => ({ axis, start: at(start, axis), count, step: 1 }));
  if (ranges.every(({ axis, count }) => image.shape[axis] === count)) return image;
  return layer.add({ kind: 'slice', ranges }, [image]);
}

/** A constant around a tensor; zeros around images become part of convolutions where they can. */
export function surrounded(layer: LayerContext, value: Value, pads: Pads, number: number): Value {
  const { begin, end } = pads;
  if ([...begin, ...end].every((count) => count === 0)) return value;
  const rank = value.shape.length;
  const spatial = rank >= 2 && rank <= 4 && begin.at(-1) === 0 && end.at(-1) === 0;
  if (spatial && number === 0 && value.type === 'float32') {
    const around = { begin: begin.slice(0, -1), end: end.slice(0, -1) };
    return layer.add({ kind: 'pad', pads: around, layout: 'channelsLast' }, [value]);
  }
  return begin.reduce((current, before, axis) => {
    const block = (count: number): Value[] => {
      if (count === 0) return [];
      const shape = current.shape.map((size, other) => (other === axis ? count : size));
      const data = new Float32Array(limited(layer, elementCount(shape))).fill(number);
      const type = value.type === 'uint8' ? 'int32' : value.type;
      return [constantLike(layer, current, shape, { data, type })];
    };
    const parts = [...block(before), current, ...block(at(end, axis))];
    return parts.length === 1 ? current : layer.add({ kind: 'concat', axis }, parts);
  }, value);
}

/** Rows and columns of an image in patches: a convolution whose kernel picks every number of a window. */
function patches(layer: LayerContext): Value {
  const { options } = layer;
  const image = cast(layer, layer.arguments.tensor('images', 0) ?? tensor(layer), 'float32');
  const pairOf = (name: string, fallback: readonly number[]): number[] => {
    const raw = options.raw(name);
    const list = raw === null ? [...fallback] : wholes(layer, name, raw);
    return list.length === 1 ? [at(list, 0), at(list, 0)] : list;
  };
  const size = pairOf('size', []);
  const strides = pairOf('strides', size);
  const dilations = pairOf('dilation_rate', [1, 1]);
  if (size.length !== 2) throw unsupported(layer.ref, 'patches of volumes are not supported');
  const same = options.word('padding', ['valid', 'same'], 'valid') === 'same';
  return overChannelsLast(layer, [image], 2, (input, { sizes, channels }) => {
    const [rows, columns] = [at(size, 0), at(size, 1)];
    const count = rows * columns * channels;
    const data = new Float32Array(limited(layer, count * count));
    for (let i = 0; i < count; i++) data[i * count + i] = 1;
    const kernel = new Weight(`${layer.ref.name}/patches`, [rows, columns, channels, count], data);
    const pads = same ? samePads({ size, strides, dilations }, sizes) : noPads(2);
    const window = { strides, dilations, pads, groups: 1, depthwise: false, bias: undefined };
    return layer.add({ kind: 'conv', kernel, ...window, layout: 'channelsLast' }, [input]);
  });
}

export const imageOperations: readonly LayerDefinition[] = [
  operation('Resize', (layer) => {
    const image = cast(layer, layer.arguments.tensor('images', 0) ?? tensor(layer), 'float32');
    const [height, width] = wholes(layer, 'size', layer.options.raw('size'));
    if (height === undefined || width === undefined) throw layer.options.invalid('size', 'height and width');
    const options = resizingOptions(layer, [height, width]);
    return overChannelsLast(layer, [image], 2, (input) => resized(layer, input, options));
  }),
  operation('RGBToGrayscale', (layer) => {
    const image = cast(layer, layer.arguments.tensor('images', 0) ?? tensor(layer), 'float32');
    return overChannelsLast(layer, [image], 2, (input) => {
      const kernel = new Weight(`${layer.ref.name}/grey`, [3, 1], Float32Array.of(0.2989, 0.587, 0.114));
      return layer.add({ kind: 'dense', kernel, bias: undefined }, [input]);
    });
  }),
  operation('ExtractPatches', patches),
];
