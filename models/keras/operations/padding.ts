import { at } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList, show } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { batchAxis } from './axes.ts';
import { surrounded } from './images.ts';
import { operand } from './operands.ts';
import { limited, operation, tensor, wholes } from './operation.ts';
import { gathered } from './shapes.ts';

/** Positions that an axis has after mirroring: `symmetric` repeats the border, `reflect` does not. */
function mirrored(length: number, before: number, after: number, mode: 'reflect' | 'symmetric'): number[] {
  const period = mode === 'reflect' ? 2 * length - 2 : 2 * length;
  return Array.from({ length: before + length + after }, (_, i) => {
    const place = (((i - before) % period) + period) % period;
    if (place < length) return place;
    return mode === 'reflect' ? period - place : period - 1 - place;
  });
}

/** How many positions come before and after each axis, the batch left out. */
function widths(layer: LayerContext, rank: number): [number, number][] {
  const raw = layer.options.raw('pad_width');
  if (!isList(raw)) throw batchAxis(layer);
  const pairs = raw.map((item) => {
    const [before = 0, after = before, ...rest] = wholes(layer, 'pad_width', item);
    if (rest.length > 0 || before < 0 || after < 0)
      throw layer.options.invalid('pad_width', 'pairs of numbers');
    return [before, after] as [number, number];
  });
  const [batch, ...others] = pairs;
  if (batch === undefined || batch[0] !== 0 || batch[1] !== 0) throw batchAxis(layer);
  if (others.length !== rank)
    throw invalidLayer(layer.ref, `pad_width = ${show(raw)} does not fit its input`);
  return others;
}

export const paddingOperation: LayerDefinition = operation('Pad', (layer) => {
  const value = tensor(layer);
  const pairs = widths(layer, value.shape.length);
  const mode = layer.options.word('mode', ['constant', 'reflect', 'symmetric'], 'constant');
  const constant = operand(layer, 'constant_values', 1);
  if (mode === 'constant') {
    if (constant?.kind === 'value' || (constant !== undefined && constant.constant.data.length !== 1)) {
      throw unsupported(layer.ref, 'pads with something that is not one number');
    }
    const number = constant === undefined ? 0 : at(constant.constant.data, 0);
    const pads = { begin: pairs.map(([before]) => before), end: pairs.map(([, after]) => after) };
    return surrounded(layer, value, pads, number);
  }
  return pairs.reduce((current, [before, after], axis) => {
    const length = at(current.shape, axis);
    limited(layer, before + length + after);
    const most = mode === 'reflect' ? length - 1 : length;
    if (before > most || after > most) {
      throw invalidLayer(
        layer.ref,
        `pads ${Math.max(before, after)} positions around ${length}, which has too few`,
      );
    }
    return gathered(layer, current, axis, mirrored(length, before, after, mode));
  }, value);
});
