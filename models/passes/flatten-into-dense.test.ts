import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { flattenIntoDense } from './flatten-into-dense.ts';

describe('flatten of a transposed image', () => {
  it('reorders the kernel of the dense layer behind it', async () => {
    for (const order of [
      [1, 2, 0],
      [2, 0, 1],
      [1, 0, 2],
    ]) {
      const g = new TestGraph();
      const x = g.add({ kind: 'transpose', order }, g.relu(g.input(4, 2, 3)));
      await checkPass(g.finish(g.dense(g.flatten(x), 5)), flattenIntoDense, [
        'input',
        'activation',
        'reshape',
        'dense',
      ]);
    }
  });

  it('serves all dense layers behind it', async () => {
    const g = new TestGraph();
    const flat = g.flatten(g.add({ kind: 'transpose', order: [1, 2, 0] }, g.relu(g.input(4, 2, 3))));
    await checkPass(g.finish(g.dense(flat, 5), flat), flattenIntoDense, [
      'input',
      'activation',
      'transpose',
      'reshape',
      'reshape',
      'dense',
    ]);
  });
});
