/** The kinds of nodes: one small file for each family, one table that fails to compile when a kind is missing. */
import { type ActivationOp, activation, type PreluOp, prelu, type SoftmaxOp, softmax } from './activation.ts';
import { type ChooseOp, choose } from './choosing.ts';
import { type ConstantOp, constant } from './constant.ts';
import { type ConvOp, type ConvTransposeOp, conv, convTranspose } from './conv.ts';
import { type ConvRecurrentOp, convRecurrent } from './conv-recurrent.ts';
import type { OpDefinition } from './definition.ts';
import { type DenseOp, dense } from './dense.ts';
import { type ElementwiseOp, elementwise } from './elementwise.ts';
import {
  type GroupNormalizationOp,
  groupNormalization,
  type LayerNormalizationOp,
  layerNormalization,
} from './feature-normalization.ts';
import { type ConcatOp, concat, type MergeOp, merge } from './merging.ts';
import { type NoiseOp, noise } from './noise.ts';
import { type AffineOp, affine, type BatchNormalizationOp, batchNormalization } from './normalization.ts';
import { type PadOp, pad } from './padding.ts';
import {
  type AdaptivePoolOp,
  adaptivePool,
  type GlobalPoolOp,
  globalPool,
  type PoolOp,
  pool,
} from './pooling.ts';
import { type RecurrentOp, recurrent } from './recurrent.ts';
import { type CumulativeSumOp, cumulativeSum, type ReduceOp, reduce, type TopKOp, topK } from './reducing.ts';
import { type ResizeOp, resize } from './resize.ts';
import {
  type EinsumOp,
  type EmbeddingOp,
  type ExpandOp,
  einsum,
  embedding,
  expand,
  type MatmulOp,
  matmul,
  type StepsOp,
  steps,
} from './sequence.ts';
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
import { type SliceOp, slice } from './slicing.ts';

export type Op =
  | ActivationOp
  | AdaptivePoolOp
  | AffineOp
  | BatchNormalizationOp
  | CastOp
  | ChooseOp
  | ConcatOp
  | ConstantOp
  | ConvOp
  | ConvRecurrentOp
  | ConvTransposeOp
  | CumulativeSumOp
  | DenseOp
  | EinsumOp
  | ElementwiseOp
  | EmbeddingOp
  | ExpandOp
  | GatherOp
  | GlobalPoolOp
  | GroupNormalizationOp
  | InputOp
  | LayerNormalizationOp
  | MatmulOp
  | MergeOp
  | NoiseOp
  | PadOp
  | PoolOp
  | PreluOp
  | RecurrentOp
  | ReduceOp
  | ReshapeOp
  | ResizeOp
  | SliceOp
  | SoftmaxOp
  | StepsOp
  | TopKOp
  | TransposeOp;

export type OpKind = Op['kind'];
export type OpOfKind<K extends OpKind> = Extract<Op, { kind: K }>;

const OPS: { readonly [K in OpKind]: OpDefinition<OpOfKind<K>> } = {
  activation,
  adaptivePool,
  affine,
  batchNormalization,
  cast,
  choose,
  concat,
  constant,
  conv,
  convRecurrent,
  convTranspose,
  cumulativeSum,
  dense,
  einsum,
  elementwise,
  embedding,
  expand,
  gather,
  globalPool,
  groupNormalization,
  input,
  layerNormalization,
  matmul,
  merge,
  noise,
  pad,
  pool,
  prelu,
  recurrent,
  reduce,
  reshape,
  resize,
  slice,
  softmax,
  steps,
  topK,
  transpose,
};

/** The definition that belongs to an op. */
export function definitionOf<K extends OpKind>(op: OpOfKind<K>): OpDefinition<OpOfKind<K>>;
export function definitionOf(op: Op): unknown {
  return OPS[op.kind];
}
