/**
 * Functions that an ONNX file defines for its own graph, as newer exporters write them. ONNX Runtime puts their nodes
 * in place of every call; here they are checked for what that would come to.
 */
import type { FunctionProto, NodeProto } from 'onnx-buf';
import { MODEL_LIMITS } from '../limits.ts';
import { invalidFile, tooLarge } from '../model-error.ts';
import { isOnnxDomain } from './opsets.ts';

export class LocalFunctions {
  readonly #byKey = new Map<string, FunctionProto>();
  readonly #sizes = new Map<string, number>();
  /** Functions being counted: one that is met again calls itself. */
  readonly #open = new Set<string>();

  constructor(functions: readonly FunctionProto[]) {
    for (const one of functions) {
      const key = keyOf(one.domain, one.name, one.overload);
      if (this.#byKey.has(key)) throw invalidFile(`the file defines function "${one.name}" twice`);
      if (one.name === '' || isOnnxDomain(one.domain)) {
        throw invalidFile(
          `the file defines function "${one.name}" in ONNX' own domain`,
          'Export the model without redefining operators.',
        );
      }
      this.#byKey.set(key, one);
    }
  }

  get all(): readonly FunctionProto[] {
    return [...this.#byKey.values()];
  }

  /** The function that a node calls, if it calls one. */
  of(node: NodeProto): FunctionProto | undefined {
    return this.#byKey.get(keyOf(node.domain, node.opType, node.overload));
  }

  /** Nodes that these come to when every call is replaced by the nodes of its function; throws when there is no end. */
  count(nodes: readonly NodeProto[]): number {
    let total = 0;
    for (const node of nodes) {
      const called = this.of(node);
      total += called === undefined ? 1 + this.#within(node) : this.#sizeOf(called);
      if (total > MODEL_LIMITS.onnxNodes) {
        throw tooLarge(`the graph has more than ${MODEL_LIMITS.onnxNodes} nodes, functions included`);
      }
    }
    return total;
  }

  #within(node: NodeProto): number {
    return node.attribute.reduce((sum, { g, graphs }) => {
      const inner = g === undefined ? graphs : [g, ...graphs];
      return sum + inner.reduce((count, graph) => count + this.count(graph.node), 0);
    }, 0);
  }

  #sizeOf(called: FunctionProto): number {
    const key = keyOf(called.domain, called.name, called.overload);
    const known = this.#sizes.get(key);
    if (known !== undefined) return known;
    if (this.#open.has(key)) {
      throw invalidFile(`function "${called.name}" calls itself`, 'Export the model without recursion.');
    }
    this.#open.add(key);
    const size = this.count(called.node);
    this.#open.delete(key);
    this.#sizes.set(key, size);
    return size;
  }
}

function keyOf(domain: string, name: string, overload: string): string {
  return JSON.stringify([domain, name, overload]);
}
