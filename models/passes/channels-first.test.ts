import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kinds, TestGraph } from '../testing/graphs.ts';
import { channelsFirst } from './channels-first.ts';
import { LAYOUT_PASSES, runPasses } from './index.ts';

// That the answers stay is what every model of compile-keras.test.ts shows; here: how many transposes it takes.
describe('channels first', () => {
  it('transposes once at the door and not at all in between', () => {
    const g = new TestGraph();
    const stem = g.relu(g.affine(g.conv(g.input(8, 8, 3), { filters: 4, pad: 1 })));
    const branch = g.conv(stem, { filters: 4, pad: 1 });
    const sum = g.add({ kind: 'merge', mode: 'add' }, stem, branch);
    const joined = g.add({ kind: 'concat', axis: 2 }, sum, stem);
    const pooled = g.add({ kind: 'globalPool', mode: 'average', axes: 2, layout: 'channelsLast' }, joined);
    const graph = runPasses(g.finish(g.add({ kind: 'reshape', shape: [8] }, pooled)), [channelsFirst]);
    const transposes = graph.nodes.filter(({ op }) => op.kind === 'transpose');
    assert.deepEqual(
      transposes.map(({ output }) => output.shape),
      [
        [3, 8, 8],
        [1, 1, 8],
      ],
    );
    const concat = graph.nodes.find(({ op }) => op.kind === 'concat');
    assert.ok(concat?.op.kind === 'concat' && concat.op.axis === 0);
  });

  it('transposes sequences and volumes once, and computes sequences as images of one row', () => {
    for (const [sizes, shape] of [
      [[9], [3, 1, 9]],
      [
        [6, 7, 8],
        [3, 6, 7, 8],
      ],
    ] as const) {
      const g = new TestGraph();
      const x = g.relu(g.affine(g.conv(g.input(...sizes, 3), { filters: 3, pad: 1 })));
      const sum = g.add({ kind: 'merge', mode: 'add' }, x, g.conv(x, { filters: 3, pad: 1 }));
      const graph = runPasses(g.finish(g.flatten(sum)), [channelsFirst]);
      assert.equal(graph.nodes.filter(({ op }) => op.kind === 'transpose').length, 2);
      for (const { op, output } of graph.nodes) {
        if (op.kind === 'conv' || op.kind === 'merge' || op.kind === 'affine')
          assert.deepEqual(output.shape, shape);
      }
    }
  });

  it('leaves values alone that no spatial node is near', () => {
    const g = new TestGraph();
    const images = g.flatten(g.conv(g.input(8, 8, 3), { filters: 4 }));
    const matrix = g.add({ kind: 'reshape', shape: [6, 6, 4] }, g.relu(g.dense(images, 144)));
    const after = g.flatten(g.dense(g.relu(g.affine(matrix, 0)), 2));
    const graph = runPasses(g.finish(after), [channelsFirst]);
    assert.deepEqual(kinds(graph).slice(-5), ['reshape', 'affine', 'activation', 'dense', 'reshape']);
  });

  it('pools globally what was pooled globally before', () => {
    const g = new TestGraph();
    const pool = { kind: 'globalPool', axes: 2, layout: 'channelsLast' } as const;
    const once = g.add({ ...pool, mode: 'average' }, g.conv(g.input(8, 8, 3), { filters: 4 }));
    const twice = g.add({ kind: 'reshape', shape: [4] }, g.add({ ...pool, mode: 'max' }, once));
    const graph = runPasses(g.finish(twice), [channelsFirst]);
    assert.deepEqual(graph.outputs[0]?.value.shape, [4]);
  });

  it('pools globally in the order that it finds', () => {
    for (const near of [true, false]) {
      const g = new TestGraph();
      const input = g.relu(g.input(8, 3));
      const x = near ? g.conv(input, { filters: 3 }) : g.dense(input, 3);
      const pooled = g.add({ kind: 'globalPool', mode: 'average', axes: 1, layout: 'channelsLast' }, x);
      const graph = runPasses(g.finish(g.flatten(pooled)), LAYOUT_PASSES);
      const ends = near ? ['globalPool', 'reshape'] : ['reduce', 'reshape'];
      assert.deepEqual(kinds(graph).slice(-2), ends);
      assert.equal(kinds(graph).includes('transpose'), near);
    }
  });

  it('serves image outputs in their own order, and leaves graphs without images alone', () => {
    const g = new TestGraph();
    const x = g.conv(g.input(8, 8, 3), { filters: 4 });
    const graph = runPasses(g.finish(x, g.relu(x)), [channelsFirst]);
    for (const { value } of graph.outputs) assert.deepEqual([...value.shape], [6, 6, 4]);
    const h = new TestGraph();
    const flat = runPasses(h.finish(h.dense(h.flatten(h.affine(h.input(4, 4, 3))), 2)), [channelsFirst]);
    assert.deepEqual(kinds(flat), ['input', 'affine', 'reshape', 'dense']);
  });
});
