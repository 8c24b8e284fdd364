import { invalidLayer } from '../../model-error.ts';
import { at, elementCount, type Weight } from '../weight.ts';
import { movedAxis, type OpDefinition } from './definition.ts';
import { singleInput } from './image-input.ts';

/** (x − mean) / √(variance + ε) · gamma + beta, with the statistics of each row's own numbers along some axes. */
export interface LayerNormalizationOp {
  readonly kind: 'layerNormalization';
  /** Axis i of gamma and beta lies along `axes[i]`. */
  readonly axes: readonly number[];
  /**
   * `rms` leaves the mean alone and divides by √(mean of squares + ε); `variance` leaves it alone too, and divides
   * by √(variance + ε): what early versions of Keras 3 called rms_scaling.
   */
  readonly mode: 'full' | 'rms' | 'variance';
  readonly gamma: Weight | undefined;
  readonly beta: Weight | undefined;
  readonly epsilon: number;
}

export const layerNormalization: OpDefinition<LayerNormalizationOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    const lengths = op.axes.map((axis) => input.shape[axis] ?? 0);
    for (const weight of [op.gamma, op.beta]) {
      if (weight !== undefined && weight.data.length !== elementCount(lengths)) {
        throw invalidLayer(layer, `has ${weight.data.length} factors for (${lengths.join(', ')}) features`);
      }
    }
    if (op.axes.length === 0 || lengths.includes(0)) throw invalidLayer(layer, 'normalizes no axis');
    return { shape: input.shape, type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, axes: op.axes.map((axis) => movedAxis(axis, order)) }),
};

/** The same over groups of features: statistics of everything but the batch within each group. */
export interface GroupNormalizationOp {
  readonly kind: 'groupNormalization';
  readonly groups: number;
  readonly axis: number;
  readonly gamma: Weight | undefined;
  readonly beta: Weight | undefined;
  readonly epsilon: number;
}

export const groupNormalization: OpDefinition<GroupNormalizationOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const input = singleInput(inputs, layer);
    const features = at(input.shape, op.axis);
    if (features % op.groups !== 0) {
      throw invalidLayer(layer, `${features} features do not split into ${op.groups} groups`);
    }
    return { shape: input.shape, type: 'float32' };
  },
  relayout: (op, order) => ({ ...op, axis: movedAxis(op.axis, order) }),
};
