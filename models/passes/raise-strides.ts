import { type Graph, type Node, useCounts } from '../graph/graph.ts';
import { type ConvOp, kernelSize } from '../graph/ops/conv.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { PoolOp } from '../graph/ops/pooling.ts';
import { hasPads, noPads } from '../graph/ops/window.ts';
import { rebuild } from '../graph/rebuild.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { isAlong } from './merge-affines.ts';

type Steps = readonly number[];

/**
 * Where everything behind a value looks only at every second position of it (1×1 convolutions with stride 2, at the
 * borders of ResNet's stages), the others are not computed: the stride goes up through activations and additions
 * into the convolution or pooling that makes the value. What comes from elsewhere meets it through a pooling of
 * single positions.
 */
export function raiseStrides(graph: Graph): Graph {
  const strides = new RaisedStrides(graph);
  return rebuild(graph, (node, inputs, { add }) => {
    const { op } = node;
    const own = strides.raisedTo(node.output);
    if (op.kind === 'conv' || op.kind === 'pool') {
      const [input] = node.inputs;
      const done = input !== undefined && strides.raisedTo(input) !== undefined;
      const steps = done ? op.strides.map(() => 1) : multiplied(op.strides, own);
      return steps.join() === op.strides.join() ? undefined : add({ ...op, strides: steps }, inputs);
    }
    if (own === undefined) return undefined;
    const single: PoolOp = {
      kind: 'pool',
      mode: 'max',
      size: own.map(() => 1),
      strides: own,
      pads: noPads(own.length),
      layout: 'channelsLast',
    };
    return add(
      op,
      inputs.map((input, i) => {
        const old = node.inputs[i];
        const goesAlong = old === undefined || !isWhole(old, node) || strides.raisedTo(old) !== undefined;
        return goesAlong ? input : add(single, [input]);
      }),
    );
  });
}

/** Finds from the end of a graph which values are read at every how many-th position only. */
class RaisedStrides {
  readonly #uses: ReadonlyMap<Value, number>;
  readonly #producers: ReadonlyMap<Value, Node>;
  /** What each use that skips positions asks for. */
  readonly #asked = new Map<Value, Steps[]>();
  readonly #worthwhile = new Map<Value, boolean>();

  constructor(graph: Graph) {
    this.#uses = useCounts(graph);
    this.#producers = new Map(graph.nodes.map((node) => [node.output, node]));
    for (const node of graph.nodes.toReversed()) {
      for (const [input, steps] of this.#asks(node)) {
        this.#asked.set(input, [...(this.#asked.get(input) ?? []), steps]);
      }
    }
    // In order, so that each node knows of its inputs.
    for (const { output } of graph.nodes) this.#worthwhile.set(output, this.#saves(output));
  }

  /** The steps at which a value is made in the new graph; undefined where it stays whole. */
  raisedTo(value: Value): Steps | undefined {
    return this.#worthwhile.get(value) ? this.#common(value) : undefined;
  }

  #asks(node: Node): [Value, Steps][] {
    const { op, inputs, output } = node;
    const common = this.#common(output);
    if (op.kind === 'conv' || op.kind === 'pool') {
      const [input] = inputs;
      const steps = multiplied(op.strides, common);
      const asks = looksAtSinglePositions(op) && skips(steps) && steps.every(isSmall);
      return input !== undefined && asks ? [[input, steps]] : [];
    }
    if (common === undefined || !worksByPosition(node)) return [];
    return inputs.flatMap((input): [Value, Steps][] => (isWhole(input, node) ? [[input, common]] : []));
  }

  /** What all uses of a value ask for alike. */
  #common(value: Value): Steps | undefined {
    const asked = this.#asked.get(value) ?? [];
    const [first] = asked;
    const agreed =
      asked.length === this.#uses.get(value) && asked.every((steps) => steps.join() === first?.join());
    return agreed ? first : undefined;
  }

  /** True when skipping positions ends at a convolution or pooling that then computes less. */
  #saves(value: Value): boolean {
    const node = this.#producers.get(value);
    const common = this.#common(value);
    if (node === undefined || common === undefined) return false;
    const { op } = node;
    if (op.kind === 'conv' || op.kind === 'pool')
      return op.layout === 'channelsLast' && multiplied(op.strides, common).every(isSmall);
    return worksByPosition(node) && node.inputs.some((input) => this.raisedTo(input) !== undefined);
  }
}

function multiplied(strides: Steps, more: Steps | undefined): Steps {
  return more === undefined ? strides : strides.map((stride, axis) => stride * (more[axis] ?? 1));
}

/** Products of strangers' numbers may leave what is exact. */
function isSmall(step: number): boolean {
  return step <= MODEL_LIMITS.windowExtent;
}

function skips(steps: Steps): boolean {
  return steps.some((step) => step > 1);
}

function looksAtSinglePositions(op: ConvOp | PoolOp): boolean {
  const size = op.kind === 'conv' ? kernelSize(op) : op.size;
  return op.layout === 'channelsLast' && size.every((length) => length === 1) && !hasPads(op.pads);
}

/** True when each position of the output depends on the same position of the inputs alone. */
function worksByPosition({ op, inputs, output }: Node): boolean {
  switch (op.kind) {
    case 'activation':
      return true;
    case 'affine':
      return isAlong(op, output.shape.length - 1);
    case 'merge':
      return inputs.every(
        (input) =>
          input.shape.join() === output.shape.join() || input.shape.slice(0, -1).every((size) => size === 1),
      );
    default:
      return false;
  }
}

/** An input with every position of the output; others have one for all (factors for channels). */
function isWhole(input: Value, { output }: Node): boolean {
  return input.shape.slice(0, -1).join() === output.shape.slice(0, -1).join();
}
