import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Graph } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import type { PoolOp } from '../graph/ops/pooling.ts';
import { noPads } from '../graph/ops/window.ts';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { raiseStrides } from './raise-strides.ts';

/** A convolution of single positions that skips some. */
function reader(g: TestGraph, input: Value, ...strides: number[]): Value {
  const kernel = g.weight(...strides.map(() => 1), input.shape.at(-1) ?? 0, 2);
  const ones = strides.map(() => 1);
  const pads = noPads(strides.length);
  return g.add(
    {
      kind: 'conv',
      kernel,
      bias: g.weight(2),
      depthwise: false,
      strides,
      dilations: ones,
      groups: 1,
      pads,
      layout: 'channelsLast',
    },
    input,
  );
}

function stridesOf(graph: Graph): string[] {
  return graph.nodes.flatMap(({ op }) =>
    op.kind === 'conv' || op.kind === 'pool' ? [op.strides.join()] : [],
  );
}

describe('raising strides', () => {
  it('computes only what is looked at, through activations and affines, on odd and even sizes', async () => {
    for (const [height, width] of [
      [9, 9],
      [8, 11],
    ] as const) {
      const g = new TestGraph();
      const x = g.affine(g.relu(g.conv(g.input(height, width, 3), { filters: 4, pad: 1 })));
      const after = await checkPass(g.finish(reader(g, x, 2, 2)), raiseStrides, [
        'input',
        'conv',
        'activation',
        'affine',
        'conv',
      ]);
      assert.deepEqual(stridesOf(after), ['2,2', '1,1']);
    }
  });

  it('goes through convolutions of single positions, over one to three axes, each with its own step', async () => {
    for (const sizes of [[11], [10, 9], [7, 8, 9]]) {
      const steps = sizes.map((_, axis) => axis + 2);
      const g = new TestGraph();
      const x = g.conv(g.relu(g.conv(g.input(...sizes, 3), { filters: 4, pad: 1 })), { filters: 3, size: 1 });
      const after = await checkPass(g.finish(reader(g, x, ...steps)), raiseStrides, [
        'input',
        'conv',
        'activation',
        'conv',
        'conv',
      ]);
      const ones = sizes.map(() => 1).join();
      assert.deepEqual(stridesOf(after), [steps.join(), ones, ones]);
    }
  });

  it("meets a shortcut of ResNet's by a pooling of single positions", async () => {
    const g = new TestGraph();
    const shortcut = g.relu(g.conv(g.input(9, 9, 3), { filters: 4, pad: 1 }));
    const branch = g.conv(g.relu(g.conv(shortcut, { filters: 4, pad: 1 })), { filters: 4, size: 1 });
    const sum = g.relu(g.add({ kind: 'merge', mode: 'add' }, branch, shortcut));
    const graph = g.finish(g.add({ kind: 'merge', mode: 'add' }, reader(g, sum, 2, 2), reader(g, sum, 2, 2)));
    const after = await checkPass(graph, raiseStrides, [
      'input',
      'conv',
      'activation',
      'conv',
      'activation',
      'conv',
      'pool',
      'merge',
      'activation',
      'conv',
      'conv',
      'merge',
    ]);
    assert.deepEqual(stridesOf(after), ['1,1', '2,2', '1,1', '2,2', '1,1', '1,1']);
  });

  it('goes into poolings, and leaves factors for channels whole', async () => {
    for (const mode of ['max', 'average'] as const) {
      const g = new TestGraph();
      const input = g.input(9, 8, 3);
      const pooling: PoolOp = {
        kind: 'pool',
        mode,
        size: [3, 2],
        strides: [1, 2],
        pads: { begin: [1, 0], end: [1, 1] },
        layout: 'channelsLast',
      };
      const global = g.add({ kind: 'globalPool', mode: 'average', axes: 2, layout: 'channelsLast' }, input);
      const scaled = g.add({ kind: 'merge', mode: 'multiply' }, g.add(pooling, input), global);
      const after = await checkPass(g.finish(reader(g, scaled, 2, 3)), raiseStrides, [
        'input',
        'globalPool',
        'pool',
        'merge',
        'conv',
      ]);
      assert.deepEqual(stridesOf(after), ['2,6', '1,1']);
    }
  });

  it('stays where other positions count too', async () => {
    const wholes: ((g: TestGraph, x: Value) => Value[])[] = [
      // The value itself is served.
      (g, x) => [reader(g, x, 2, 2), x],
      // Another one reads it whole, or at other steps.
      (g, x) => [reader(g, x, 2, 2), g.conv(x, { filters: 2 })],
      (g, x) => [reader(g, x, 2, 2), reader(g, x, 3, 3)],
    ];
    for (const outputs of wholes) {
      const g = new TestGraph();
      const x = g.relu(g.conv(g.input(9, 9, 3), { filters: 4, pad: 1 }));
      const graph = g.finish(...outputs(g, x));
      const after = await checkPass(
        graph,
        raiseStrides,
        graph.nodes.map(({ op }) => op.kind),
      );
      assert.deepEqual(stridesOf(after), stridesOf(graph));
    }
  });

  it('stays where nothing would be saved, and where a window reaches further', async () => {
    const g = new TestGraph();
    const graph = g.finish(reader(g, g.relu(g.input(9, 9, 3)), 2, 2));
    assert.deepEqual(stridesOf(await checkPass(graph, raiseStrides, ['input', 'activation', 'conv'])), [
      '2,2',
    ]);
    const h = new TestGraph();
    const x = h.conv(h.input(9, 9, 3), { filters: 4 });
    const window = {
      kind: 'pool',
      mode: 'max',
      size: [2, 1],
      strides: [2, 2],
      layout: 'channelsLast',
    } as const;
    const pooled = h.finish(h.add({ ...window, pads: noPads(2) }, x));
    assert.deepEqual(stridesOf(await checkPass(pooled, raiseStrides, ['input', 'conv', 'pool'])), [
      '1,1',
      '2,2',
    ]);
  });
});
