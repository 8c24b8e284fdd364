import type { Graph } from '../graph/graph.ts';
import { rebuild } from '../graph/rebuild.ts';

/** Dropout and noise act only in training: at inference they pass their input on. */
export function dropNoise(graph: Graph): Graph {
  return rebuild(graph, (node, [input]) => (node.op.kind === 'noise' ? input : undefined));
}
