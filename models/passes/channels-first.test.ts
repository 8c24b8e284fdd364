import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { kinds, TestGraph } from '../testing/graphs.ts';
import { channelsFirst } from './channels-first.ts';
import { runPasses } from './index.ts';

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
