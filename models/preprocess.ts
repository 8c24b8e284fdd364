/** What Keras' `preprocess_input` does to pixels, as nodes at the door of the graph. */
import { SqlState, unreachable } from '../common/errors.ts';
import type { Preprocess } from './artifact.ts';
import type { GraphBuilder } from './graph/graph.ts';
import type { LayerRef } from './graph/layer-ref.ts';
import type { Value } from './graph/ops/definition.ts';
import { Weight } from './graph/weight.ts';
import { ModelError } from './model-error.ts';

/** ImageNet's means and deviations, red green blue: of pixels 0…1 (torch) and 0…255 (caffe). */
const TORCH_MEAN = [0.485, 0.456, 0.406];
const TORCH_DEVIATION = [0.229, 0.224, 0.225];
const CAFFE_MEAN = [123.68, 116.779, 103.939];

/** value = pixel · scale + offset, for red, green and blue. */
export interface PixelScaling {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
  /** Blue first. */
  readonly reversed: boolean;
}

/** The arithmetic of a preprocess mode; throws when it needs three channels and the model has one. */
export function pixelScaling(preprocess: Preprocess, channels: 1 | 3): PixelScaling {
  const each = (value: number): number[] => new Array<number>(channels).fill(value);
  if (channels === 1 && (preprocess === 'torch' || preprocess === 'caffe')) {
    throw new ModelError({
      sqlState: SqlState.invalidParameterValue,
      message: `preprocess = '${preprocess}' is for three channels; the model takes grey images`,
      hint: "Use 'none', 'unit' or 'tf'.",
    });
  }
  switch (preprocess) {
    case 'none':
      return { scale: each(1), offset: each(0), reversed: false };
    case 'unit':
      return { scale: each(1 / 255), offset: each(0), reversed: false };
    case 'tf':
      return { scale: each(1 / 127.5), offset: each(-1), reversed: false };
    case 'torch':
      return {
        scale: TORCH_DEVIATION.map((deviation) => 1 / (255 * deviation)),
        offset: TORCH_MEAN.map((mean, i) => -mean / (TORCH_DEVIATION[i] ?? 1)),
        reversed: false,
      };
    case 'caffe':
      return { scale: each(1), offset: CAFFE_MEAN.map((mean) => -mean), reversed: true };
    default:
      return unreachable(preprocess);
  }
}

/** Preprocessing is asked for, but the model does not take an image. */
export function refusePreprocess(preprocess: Preprocess): void {
  if (preprocess === 'none') return;
  throw new ModelError({
    sqlState: SqlState.invalidParameterValue,
    message: `preprocess = '${preprocess}' is for images; the model does not take one`,
    hint: "Leave preprocess out, or set it to 'none'.",
  });
}

const LAYER: LayerRef = { name: 'preprocess', className: 'preprocess' };

/** Adds the nodes from uint8 pixels to what the model's first layer expects. */
export function addPreprocess(
  builder: GraphBuilder,
  pixels: Value,
  preprocess: Preprocess,
  channels: 1 | 3,
): Value {
  const { scale, offset, reversed } = pixelScaling(preprocess, channels);
  let value = builder.add({ kind: 'cast' }, [pixels], LAYER);
  const factors = (role: string, numbers: readonly number[], neutral: number): Weight | undefined =>
    numbers.every((number) => number === neutral)
      ? undefined
      : new Weight(`preprocess/${role}`, [channels], Float32Array.from(numbers));
  const affine = { scale: factors('scale', scale, 1), offset: factors('offset', offset, 0) };
  if (affine.scale !== undefined || affine.offset !== undefined) {
    value = builder.add({ kind: 'affine', ...affine, axis: 2 }, [value], LAYER);
  }
  if (reversed) value = builder.add({ kind: 'gather', indices: [2, 1, 0], axis: 2 }, [value], LAYER);
  return value;
}
