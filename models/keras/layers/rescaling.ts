import { singleInput } from '../../graph/ops/image-input.ts';
import { Weight } from '../../graph/weight.ts';
import { isList, isRecord } from '../config/json.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

export const rescalingLayer: LayerDefinition = {
  classNames: ['Rescaling'],
  build(layer, inputs) {
    const input = singleInput(inputs, layer.ref);
    return layer.add(
      {
        kind: 'affine',
        scale: factors(layer, 'scale', 1),
        offset: factors(layer, 'offset', 0),
        axis: Math.max(0, input.shape.length - 1),
      },
      inputs,
    );
  },
};

/** A number, or one for each channel. */
function factors({ options, ref }: LayerContext, name: string, fallback: number): Weight | undefined {
  const raw = options.raw(name) ?? fallback;
  const plain = isRecord(raw) && isRecord(raw.config) ? raw.config.value : raw;
  const list = isList(plain) ? plain : [plain];
  const numbers = list.map((value) => {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw options.invalid(name, 'a number or a list of them');
    return value;
  });
  if (numbers.every((value) => value === fallback)) return undefined;
  return new Weight(`${ref.name}/${name}`, [numbers.length], Float32Array.from(numbers));
}
