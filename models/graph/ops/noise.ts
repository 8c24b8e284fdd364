import type { OpDefinition } from './definition.ts';
import { singleInput } from './image-input.ts';

/** What acts only in training: kept until the inference passes, which drop it. */
export interface NoiseOp {
  readonly kind: 'noise';
  readonly distribution: 'dropout' | 'spatialDropout' | 'gaussian' | 'gaussianDropout' | 'alphaDropout';
  /** Rate of the dropouts, standard deviation of the gaussian. */
  readonly amount: number;
}

export const noise: OpDefinition<NoiseOp> = {
  layout: 'along',
  infer: (_op, inputs, layer) => singleInput(inputs, layer),
  relayout: (op) => op,
};
