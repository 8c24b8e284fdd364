/**
 * The typed graph: what a model means, before any decision about how to run it. Nodes are frozen, each has one
 * output, and they stand in an order in which every value is made before it is used.
 */

import { MODEL_LIMITS } from '../limits.ts';
import { compilerDefect, tooLarge } from '../model-error.ts';
import type { LayerRef } from './layer-ref.ts';
import type { Value } from './ops/definition.ts';
import { definitionOf, type Op } from './ops/index.ts';
import { elementCount, Weight } from './weight.ts';

export interface Node {
  readonly op: Op;
  readonly inputs: readonly Value[];
  readonly output: Value;
  readonly layer: LayerRef;
}

export interface GraphOutput {
  readonly name: string;
  readonly value: Value;
}

export interface Graph {
  readonly nodes: readonly Node[];
  readonly outputs: readonly GraphOutput[];
}

/** Appends nodes; shapes are inferred and limits checked as they come. */
export class GraphBuilder {
  readonly #nodes: Node[] = [];
  readonly #producers = new Map<Value, Node>();

  /** Adds a node and gives its output. Throws a ModelError naming `layer` when the inputs do not fit. */
  add(op: Op, inputs: readonly Value[], layer: LayerRef): Value {
    if (this.#nodes.length >= MODEL_LIMITS.nodes) {
      throw tooLarge(`the model has more than ${MODEL_LIMITS.nodes} nodes`);
    }
    for (const input of inputs) {
      if (!this.#producers.has(input)) throw compilerDefect(`${layer.name} uses a value of another graph`);
    }
    const { shape, type } = definitionOf(op).infer(op, inputs, layer);
    if (shape.length > MODEL_LIMITS.graphRank) {
      throw tooLarge(
        `layer "${layer.name}" (${layer.className}): its output has ${shape.length} axes; at most ${MODEL_LIMITS.graphRank} are computed`,
      );
    }
    const elements = elementCount(shape);
    if (!Number.isSafeInteger(elements) || elements < 1 || elements > MODEL_LIMITS.tensorElements) {
      throw tooLarge(
        `layer "${layer.name}" (${layer.className}): its output (${shape.join(', ')}) has ${elements} numbers; ` +
          `between 1 and ${MODEL_LIMITS.tensorElements} are allowed`,
      );
    }
    const output: Value = Object.freeze({ id: this.#nodes.length, shape: Object.freeze([...shape]), type });
    const node: Node = Object.freeze({
      op: Object.freeze(op),
      inputs: Object.freeze([...inputs]),
      output,
      layer,
    });
    this.#nodes.push(node);
    this.#producers.set(output, node);
    return output;
  }

  /** The node that makes a value of this graph. */
  producer(value: Value): Node {
    const node = this.#producers.get(value);
    if (node === undefined) throw compilerDefect(`value ${value.id} belongs to another graph`);
    return node;
  }

  finish(outputs: readonly GraphOutput[]): Graph {
    for (const { value } of outputs) this.producer(value);
    return Object.freeze({ nodes: Object.freeze([...this.#nodes]), outputs: Object.freeze([...outputs]) });
  }
}

/** How often each value is used, outputs of the graph included. */
export function useCounts(graph: Graph): Map<Value, number> {
  const counts = new Map<Value, number>();
  const count = (value: Value): void => {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const { value } of graph.outputs) count(value);
  return counts;
}

/** The weights that an op holds, by their role ("kernel", "gamma"). */
export function weightsOf(op: Op): [role: string, weight: Weight][] {
  const weights: [string, Weight][] = [];
  for (const [role, field] of Object.entries(op)) {
    if (field instanceof Weight) weights.push([role, field]);
  }
  return weights;
}
