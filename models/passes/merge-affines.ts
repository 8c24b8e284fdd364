import type { Graph } from '../graph/graph.ts';
import type { AffineOp } from '../graph/ops/normalization.ts';
import { rebuild } from '../graph/rebuild.ts';
import { channelValue, Weight } from '../graph/weight.ts';

/** True when an affine has one number for all positions, or one for each position along this axis. */
export function isAlong(op: AffineOp, axis: number): boolean {
  return op.axis === axis || Math.max(op.scale?.data.length ?? 1, op.offset?.data.length ?? 1) === 1;
}

/** Two affines in a row are one: (x·a + b)·c + d = x·ac + (bc + d). */
export function mergeAffines(graph: Graph): Graph {
  return rebuild(graph, (node, inputs, rewriter) => {
    const [input] = inputs;
    if (node.op.kind !== 'affine' || input === undefined || !rewriter.ownsInput(0)) return undefined;
    const before = rewriter.producer(input);
    if (before.op.kind !== 'affine') return undefined;
    const merged = merge(before.op, node.op);
    return merged && rewriter.add(merged, before.inputs);
  });
}

function merge(first: AffineOp, second: AffineOp): AffineOp | undefined {
  const width = (op: AffineOp): number => Math.max(op.scale?.data.length ?? 1, op.offset?.data.length ?? 1);
  // Factors along different axes make a matrix, not a vector.
  if (first.axis !== second.axis && width(first) > 1 && width(second) > 1) return undefined;
  const length = Math.max(width(first), width(second));
  const scale = new Float32Array(length);
  const offset = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    const factor = channelValue(second.scale, i, 1);
    scale[i] = channelValue(first.scale, i, 1) * factor;
    offset[i] = channelValue(first.offset, i, 0) * factor + channelValue(second.offset, i, 0);
  }
  const named = (a: Weight | undefined, b: Weight | undefined, data: Float32Array): Weight | undefined =>
    a === undefined && b === undefined ? undefined : new Weight((b ?? a)?.name ?? 'affine', [length], data);
  return {
    kind: 'affine',
    scale: named(first.scale, second.scale, scale),
    offset: named(first.offset, second.offset, offset),
    axis: width(second) > 1 ? second.axis : first.axis,
  };
}
