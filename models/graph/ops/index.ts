/** The kinds of nodes: one small file for each family, one table that fails to compile when a kind is missing. */
import { type ActivationOp, activation, type PreluOp, prelu, type SoftmaxOp, softmax } from './activation.ts';
import { type Conv2dOp, conv2d } from './conv2d.ts';
import type { OpDefinition } from './definition.ts';
import { type DenseOp, dense } from './dense.ts';
import { type ConcatOp, concat, type MergeOp, merge } from './merging.ts';
import { type NoiseOp, noise } from './noise.ts';
import { type AffineOp, affine, type BatchNormalizationOp, batchNormalization } from './normalization.ts';
import { type GlobalPool2dOp, globalPool2d, type Pad2dOp, type Pool2dOp, pad2d, pool2d } from './pooling.ts';
import {
  type CastOp,
  cast,
  type GatherOp,
  gather,
  type InputOp,
  input,
  type ReshapeOp,
  reshape,
  type TransposeOp,
  transpose,
} from './shaping.ts';

export type Op =
  | ActivationOp
  | AffineOp
  | BatchNormalizationOp
  | CastOp
  | ConcatOp
  | Conv2dOp
  | DenseOp
  | GatherOp
  | GlobalPool2dOp
  | InputOp
  | MergeOp
  | NoiseOp
  | Pad2dOp
  | Pool2dOp
  | PreluOp
  | ReshapeOp
  | SoftmaxOp
  | TransposeOp;

export type OpKind = Op['kind'];
export type OpOfKind<K extends OpKind> = Extract<Op, { kind: K }>;

const OPS: { readonly [K in OpKind]: OpDefinition<OpOfKind<K>> } = {
  activation,
  affine,
  batchNormalization,
  cast,
  concat,
  conv2d,
  dense,
  gather,
  globalPool2d,
  input,
  merge,
  noise,
  pad2d,
  pool2d,
  prelu,
  reshape,
  softmax,
  transpose,
};

/** The definition that belongs to an op. */
export function definitionOf<K extends OpKind>(op: OpOfKind<K>): OpDefinition<OpOfKind<K>>;
export function definitionOf(op: Op): unknown {
  return OPS[op.kind];
}
