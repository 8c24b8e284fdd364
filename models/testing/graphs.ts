/** Small graphs for tests of passes, and what they answer: run by ONNX Runtime before and after a pass. */
import assert from 'node:assert/strict';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type Graph, GraphBuilder } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { Op, OpKind } from '../graph/ops/index.ts';
import { elementCount, Weight } from '../graph/weight.ts';
import { lowerToOnnx } from '../onnx/lower/index.ts';
import { dropNoise } from '../passes/drop-noise.ts';
import { LAYOUT_PASSES, type Pass, runPasses } from '../passes/index.ts';
import { normalizationToAffine } from '../passes/normalization-to-affine.ts';

const LAYER = { name: 'test', className: 'Test' };
const SEED = 20261122;

/** Numbers between -1 and 1, the same at every run. */
export function randomNumbers(seed = SEED): (length: number) => Float32Array {
  let state = seed;
  return (length) =>
    Float32Array.from({ length }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 31 - 1;
    });
}

/** Builds graphs a node at a time, with random weights. */
export class TestGraph {
  readonly #builder = new GraphBuilder();
  readonly #random = randomNumbers();
  #weights = 0;

  input(...shape: number[]): Value {
    return this.#builder.add({ kind: 'input', name: 'x', shape, type: 'float32' }, [], LAYER);
  }

  add(op: Op, ...inputs: Value[]): Value {
    return this.#builder.add(op, inputs, LAYER);
  }

  weight(...shape: number[]): Weight {
    return new Weight(`w${++this.#weights}`, shape, this.#random(elementCount(shape)));
  }

  /** Positive numbers, for factors and variances. */
  positive(...shape: number[]): Weight {
    const weight = this.weight(...shape);
    return weight.with(weight.data.map((value) => Math.abs(value) + 0.25));
  }

  conv(
    input: Value,
    options: { filters: number; size?: number; pad?: number; bias?: boolean; groups?: number },
  ): Value {
    const { filters, size = 3, pad = 0, bias = true, groups = 1 } = options;
    const channels = input.shape.at(-1) ?? 0;
    const axes = input.shape.length - 1;
    const each = (value: number): number[] => new Array<number>(axes).fill(value);
    const op: Op = {
      kind: 'conv',
      kernel: this.weight(...each(size), channels / groups, filters),
      bias: bias ? this.weight(filters) : undefined,
      depthwise: false,
      strides: each(1),
      dilations: each(1),
      groups,
      pads: { begin: each(pad), end: each(pad) },
      layout: 'channelsLast',
    };
    return this.add(op, input);
  }

  depthwise(input: Value, multiplier: number, pad = 0): Value {
    const channels = input.shape.at(-1) ?? 0;
    const axes = input.shape.length - 1;
    const each = (value: number): number[] => new Array<number>(axes).fill(value);
    const op: Op = {
      kind: 'conv',
      kernel: this.weight(...each(3), channels, multiplier),
      bias: this.weight(channels * multiplier),
      depthwise: true,
      strides: each(1),
      dilations: each(1),
      groups: 1,
      pads: { begin: each(pad), end: each(pad) },
      layout: 'channelsLast',
    };
    return this.add(op, input);
  }

  dense(input: Value, units: number): Value {
    const width = input.shape.at(-1) ?? 0;
    return this.add({ kind: 'dense', kernel: this.weight(width, units), bias: this.weight(units) }, input);
  }

  affine(input: Value, axis = input.shape.length - 1): Value {
    const length = input.shape[axis] ?? 1;
    return this.add(
      { kind: 'affine', scale: this.positive(length), offset: this.weight(length), axis },
      input,
    );
  }

  relu(input: Value): Value {
    const fn = { name: 'relu', maxValue: undefined, negativeSlope: 0, threshold: 0 } as const;
    return this.add({ kind: 'activation', fn }, input);
  }

  convTranspose(
    input: Value,
    options: { filters: number; stride?: number; bias?: boolean; crop?: number },
  ): Value {
    const { filters, stride = 2, bias = true, crop = 1 } = options;
    const axes = input.shape.length - 1;
    const each = (value: number): number[] => new Array<number>(axes).fill(value);
    const op: Op = {
      kind: 'convTranspose',
      kernel: this.weight(...each(3), filters, input.shape.at(-1) ?? 0),
      bias: bias ? this.weight(filters) : undefined,
      strides: each(stride),
      dilations: each(1),
      crops: { begin: each(crop), end: each(0) },
      layout: 'channelsLast',
    };
    return this.add(op, input);
  }

  /** @param begin zeros before each spatial axis */
  pad(input: Value, begin: readonly number[], end: readonly number[]): Value {
    return this.add({ kind: 'pad', pads: { begin, end }, layout: 'channelsLast' }, input);
  }

  flatten(input: Value): Value {
    return this.add({ kind: 'reshape', shape: [elementCount(input.shape)] }, input);
  }

  finish(...outputs: Value[]): Graph {
    return this.#builder.finish(outputs.map((value, i) => ({ name: `y${i}`, value })));
  }
}

/** What ONNX Runtime cannot run a graph without. */
const NEEDED: readonly Pass[] = [dropNoise, normalizationToAffine, ...LAYOUT_PASSES];

/** Answers of a graph to one random batch of two. */
export async function run(graph: Graph): Promise<Float32Array[]> {
  const ready = runPasses(graph, NEEDED);
  const session = await InferenceSession.create(lowerToOnnx(ready, 'test'), { intraOpNumThreads: 1 });
  const random = randomNumbers(7);
  const feeds: Record<string, Tensor> = {};
  for (const { op } of ready.nodes) {
    if (op.kind !== 'input') continue;
    const dims = [2, ...op.shape];
    feeds[op.name] = new Tensor('float32', random(elementCount(dims)), dims);
  }
  const results = await session.run(feeds);
  await session.release();
  return ready.outputs.map(({ name }) => {
    const data = results[name]?.data;
    assert.ok(data instanceof Float32Array);
    return data;
  });
}

/** The kinds of a graph's nodes, in order. */
export function kinds(graph: Graph): OpKind[] {
  return graph.nodes.map(({ op }) => op.kind);
}

/** Runs the pass; fails unless it makes the nodes that are expected and the graph answers as before. */
export async function checkPass(graph: Graph, pass: Pass, expected: readonly OpKind[]): Promise<Graph> {
  const after = runPasses(graph, [pass]);
  assert.deepEqual(kinds(after), expected);
  const [was, is] = [await run(graph), await run(after)];
  was.forEach((numbers, i) => {
    const size = numbers.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    assert.ok(size > 0.01, `output ${i} is all but zero: nothing is compared`);
    numbers.forEach((value, at) => {
      const other = is[i]?.[at] ?? Number.NaN;
      assert.ok(Math.abs(value - other) <= 2e-6 * size, `output ${i}[${at}] was ${value}, is ${other}`);
    });
  });
  return after;
}
