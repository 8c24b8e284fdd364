/** NASNet-A: Zoph and others, "Learning Transferable Architectures" (2017). */
import { type Architecture, averageAndDense } from './architecture.ts';
import type { ArchitectureBuilder } from './builder.ts';
import { both, channels, evenMargins, type Tensor } from './tensor.ts';

const MOMENTUM = 0.9997;
/** Filters of the last stage's cells, as parts of the features' length. */
const PARTS = 24;

interface NasnetSize {
  readonly features: number;
  /** Normal cells in each of the three stages. */
  readonly repeats: number;
  readonly stemFilters: number;
  /** Whether a reduction cell's own input is passed over where a cell looks two cells back. */
  readonly skipsReduction: boolean;
}

export const NASNET_MOBILE: NasnetSize = {
  features: 1056,
  repeats: 4,
  stemFilters: 32,
  skipsReduction: false,
};
export const NASNET_LARGE: NasnetSize = { features: 4032, repeats: 6, stemFilters: 96, skipsReduction: true };

/** Every cell takes what the two cells before it gave. */
type Cell = (
  builder: ArchitectureBuilder,
  input: Tensor,
  earlier: Tensor | undefined,
  filters: number,
  id: string,
) => Tensor;

export function nasnet({ features, repeats, stemFilters, skipsReduction }: NasnetSize): Architecture {
  return (builder, image, options) => {
    const filters = features / PARTS;
    const stem = builder.convolution(image, stemFilters, 3, { name: 'stem_conv1', strides: 2, bias: false });
    let input = normalized(builder, stem, 'stem_bn1');
    let earlier: Tensor | undefined;
    const apply = (cell: Cell, count: number, id: string): void => {
      const output = cell(builder, input, earlier, count, id);
      earlier = input;
      input = output;
    };
    apply(reductionCell, Math.floor(filters / 4), 'stem_1');
    apply(reductionCell, Math.floor(filters / 2), 'stem_2');
    for (const stage of [0, 1, 2]) {
      const count = filters * 2 ** stage;
      if (stage > 0) {
        const before = earlier;
        apply(reductionCell, count, `reduce_${stage * repeats}`);
        if (skipsReduction) earlier = before;
      }
      // Reduction cells take a number of their own.
      for (let i = 0; i < repeats; i++)
        apply(normalCell, count, `${stage * repeats + i + (stage > 0 ? 1 : 0)}`);
    }
    return averageAndDense(builder, builder.activation(input, 'relu'), options, {});
  };
}

const normalCell: Cell = (builder, input, earlier, filters, id) => {
  const p = adjust(builder, earlier, input, filters, id);
  const h = squeeze(builder, input, filters, `normal_conv_1_${id}`, `normal_bn_1_${id}`);
  const branch = (x: Tensor, kernel: number, part: string): Tensor =>
    separable(builder, x, filters, kernel, 1, `normal_${part}_${id}`);
  const averaged = (x: Tensor, part: string): Tensor =>
    builder.averagePool(x, 3, { name: `normal_${part}_${id}`, strides: 1, padding: 'same' });
  const sum = (i: number, left: Tensor, right: Tensor): Tensor =>
    builder.add([left, right], `normal_add_${i}_${id}`);
  const first = sum(1, branch(h, 5, 'left1'), branch(p, 3, 'right1'));
  const second = sum(2, branch(p, 5, 'left2'), branch(p, 3, 'right2'));
  const third = sum(3, averaged(h, 'left3'), p);
  const fourth = sum(4, averaged(p, 'left4'), averaged(p, 'right4'));
  const fifth = sum(5, branch(h, 3, 'left5'), h);
  return builder.concatenate([p, first, second, third, fourth, fifth], -1, `normal_concat_${id}`);
};

const reductionCell: Cell = (builder, input, earlier, filters, id) => {
  const p = adjust(builder, earlier, input, filters, id);
  const h = squeeze(builder, input, filters, `reduction_conv_1_${id}`, `reduction_bn_1_${id}`);
  const padded = builder.zeroPadding(h, evenMargins(h, 3), `reduction_pad_1_${id}`);
  const name = (part: string): string => `reduction_${part}_${id}`;
  const branch = (x: Tensor, kernel: number, part: string): Tensor =>
    separable(builder, x, filters, kernel, 2, name(part));
  const first = builder.add([branch(h, 5, 'left1'), branch(p, 7, 'right1')], name('add_1'));
  const second = builder.add(
    [builder.maxPool(padded, 3, { name: name('left2'), strides: 2 }), branch(p, 7, 'right2')],
    name('add_2'),
  );
  const third = builder.add(
    [builder.averagePool(padded, 3, { name: name('left3'), strides: 2 }), branch(p, 5, 'right3')],
    name('add3'),
  );
  const averaged = builder.averagePool(first, 3, { name: name('left4'), strides: 1, padding: 'same' });
  const fourth = builder.add([second, averaged]);
  const fifth = builder.add(
    [
      separable(builder, first, filters, 3, 1, name('left4')),
      builder.maxPool(padded, 3, { name: name('right5'), strides: 2 }),
    ],
    name('add4'),
  );
  return builder.concatenate([second, third, fourth, fifth], -1, name('concat'));
};

/** What an earlier cell gave, made as large and as deep as this cell's input. */
function adjust(
  builder: ArchitectureBuilder,
  earlier: Tensor | undefined,
  input: Tensor,
  filters: number,
  id: string,
): Tensor {
  if (earlier === undefined) return input;
  if (earlier.shape[0] !== input.shape[0]) return halved(builder, earlier, filters, id);
  if (channels(earlier) === filters) return earlier;
  const x = builder.activation(earlier, 'relu');
  const projected = pointwise(builder, x, filters, `adjust_conv_projection_${id}`);
  return normalized(builder, projected, `adjust_bn_${id}`);
}

/** Every second pixel, and every second pixel of the map moved by one: half of the filters each. */
function halved(builder: ArchitectureBuilder, earlier: Tensor, filters: number, id: string): Tensor {
  const x = builder.activation(earlier, 'relu', `adjust_relu_1_${id}`);
  const half = Math.floor(filters / 2);
  const path = (map: Tensor, i: number): Tensor => {
    const picked = builder.averagePool(map, 1, { name: `adjust_avg_pool_${i}_${id}`, strides: 2 });
    return pointwise(builder, picked, half, `adjust_conv_${i}_${id}`);
  };
  const straight = path(x, 1);
  const moved = path(builder.cropping(builder.zeroPadding(x, both([0, 1])), both([1, 0])), 2);
  return normalized(builder, builder.concatenate([straight, moved], -1), `adjust_bn_${id}`);
}

function squeeze(
  builder: ArchitectureBuilder,
  x: Tensor,
  filters: number,
  conv: string,
  norm: string,
): Tensor {
  return normalized(builder, pointwise(builder, builder.activation(x, 'relu'), filters, conv), norm);
}

/** Two separable convolutions; the first may halve the map. */
function separable(
  builder: ArchitectureBuilder,
  input: Tensor,
  filters: number,
  kernel: number,
  strides: number,
  id: string,
): Tensor {
  let x = builder.activation(input, 'relu');
  if (strides === 2) x = builder.zeroPadding(x, evenMargins(x, kernel), `separable_conv_1_pad_${id}`);
  const padding = strides === 2 ? 'valid' : 'same';
  x = builder.separable(x, filters, kernel, {
    name: `separable_conv_1_${id}`,
    strides,
    padding,
    bias: false,
  });
  x = builder.activation(normalized(builder, x, `separable_conv_1_bn_${id}`), 'relu');
  x = builder.separable(x, filters, kernel, { name: `separable_conv_2_${id}`, padding: 'same', bias: false });
  return normalized(builder, x, `separable_conv_2_bn_${id}`);
}

function pointwise(builder: ArchitectureBuilder, x: Tensor, filters: number, name: string): Tensor {
  return builder.convolution(x, filters, 1, { name, padding: 'same', bias: false });
}

function normalized(builder: ArchitectureBuilder, x: Tensor, name: string): Tensor {
  return builder.batchNorm(x, { name, momentum: MOMENTUM });
}
