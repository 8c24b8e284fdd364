import { type ResizeOp, resizesNatively } from '../../graph/ops/resize.ts';
import { at } from '../../graph/weight.ts';
import { constantMatrix, multiplyAxis, type Staged } from './along-axis.ts';
import type { Lower } from './lowering.ts';
import { requireChannelsFirst } from './require-channels-first.ts';
import { nearestPositions, resampling } from './resampling.ts';

/** By ONNX' own Resize where it means the same as TensorFlow's; else each axis is a product with constant weights. */
export const lowerResize: Lower<ResizeOp> = (op, inputs, lowering) => {
  const { op: emit, layer, writer } = lowering;
  requireChannelsFirst(op.layout, layer);
  let value: Staged = { name: inputs[0] ?? '', shape: lowering.inputs[0]?.shape ?? [] };
  const factors = op.size.map((size, i) => size / at(value.shape, i + 1));
  if (resizesNatively(op, value.shape.slice(1))) {
    const scales = writer.floats(
      `${layer.name}/scales`,
      [factors.length + 2],
      Float32Array.of(1, 1, ...factors),
    );
    const nearest = { text: 'nearest' };
    return emit('Resize', [value.name, '', scales], {
      ...(op.interpolation === 'nearest'
        ? {
            mode: nearest,
            coordinate_transformation_mode: { text: 'asymmetric' },
            nearest_mode: { text: 'floor' },
          }
        : { mode: { text: 'linear' }, coordinate_transformation_mode: { text: 'half_pixel' } }),
    });
  }
  op.size.forEach((size, i) => {
    const axis = i + 1;
    const length = at(value.shape, axis);
    if (length === size) return;
    if (op.interpolation === 'nearest') {
      const indices = writer.integers(nearestPositions(length, size));
      value = {
        name: emit('Gather', [value.name, indices], { axis: { int: axis + 1 } }),
        shape: value.shape.map((old, other) => (other === axis ? size : old)),
      };
      return;
    }
    const rows = resampling(op.interpolation, length, size, op.antialias);
    const matrix = constantMatrix(`${layer.name}/resize`, size, length, (row) => rows[row] ?? new Map());
    value = multiplyAxis(value, axis, matrix, lowering);
  });
  return value.name;
};
