/**
 * The passes that turn the graph of a model into the graph that is served. Each is a function from graph to graph in
 * a file of its own, exact by itself, and tested by running graphs before and after it.
 */
import type { Graph } from '../graph/graph.ts';
import { channelsFirst } from './channels-first.ts';
import { denseToConvolution } from './dense-to-convolution.ts';
import { dropNoise } from './drop-noise.ts';
import { flattenIntoDense } from './flatten-into-dense.ts';
import { foldAffineBackward } from './fold-affine-backward.ts';
import { foldAffineForward } from './fold-affine-forward.ts';
import { foldConstants } from './fold-constants.ts';
import { foldCropping } from './fold-cropping.ts';
import { foldGather } from './fold-gather.ts';
import { foldPadding } from './fold-padding.ts';
import { mergeAffines } from './merge-affines.ts';
import { normalizationToAffine } from './normalization-to-affine.ts';
import { pointwiseToDense } from './pointwise-to-dense.ts';
import { raiseAffines } from './raise-affines.ts';
import { raiseStrides } from './raise-strides.ts';
import { removeDeadNodes } from './remove-dead-nodes.ts';
import { simplifyShapes } from './simplify-shapes.ts';
import { sinkTransposes } from './sink-transposes.ts';

export type Pass = (graph: Graph) => Graph;

/** What ONNX Runtime needs to run a graph at all; everything else makes it faster. */
export const LAYOUT_PASSES: readonly Pass[] = [channelsFirst, simplifyShapes];

/** In this order: training goes, constants gather in weights, then axes are ordered and transposes disappear. */
export const INFERENCE_PASSES: readonly Pass[] = [
  dropNoise,
  foldConstants,
  sinkTransposes,
  simplifyShapes,
  normalizationToAffine,
  mergeAffines,
  foldPadding,
  foldCropping,
  raiseAffines,
  foldAffineBackward,
  foldGather,
  foldAffineForward,
  raiseStrides,
  pointwiseToDense,
  denseToConvolution,
  ...LAYOUT_PASSES,
  flattenIntoDense,
  simplifyShapes,
];

/** Runs passes one after another; what a pass leaves unused is gone before the next one counts uses. */
export function runPasses(graph: Graph, passes: readonly Pass[]): Graph {
  return passes.reduce((current, pass) => removeDeadNodes(pass(current)), removeDeadNodes(graph));
}
