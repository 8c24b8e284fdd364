import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { simplifyShapes } from './simplify-shapes.ts';

describe('shapes', () => {
  it('transposes that cancel are gone, others in a row are one', async () => {
    const g = new TestGraph();
    const x = g.relu(g.input(4, 5, 3));
    const there = g.add({ kind: 'transpose', order: [2, 0, 1] }, x);
    const back = g.add({ kind: 'transpose', order: [1, 2, 0] }, there);
    await checkPass(g.finish(back), simplifyShapes, ['input', 'activation']);
    await checkPass(g.finish(g.add({ kind: 'transpose', order: [2, 0, 1] }, there)), simplifyShapes, [
      'input',
      'activation',
      'transpose',
    ]);
  });

  it('transposes of one pixel are reshapes, reshapes in a row are one or none', async () => {
    const g = new TestGraph();
    const x = g.relu(g.input(1, 1, 6));
    const moved = g.add({ kind: 'transpose', order: [2, 0, 1] }, x);
    const shaped = g.add({ kind: 'reshape', shape: [2, 3] }, moved);
    await checkPass(g.finish(shaped), simplifyShapes, ['input', 'activation', 'reshape']);
    const again = g.add({ kind: 'reshape', shape: [1, 1, 6] }, shaped);
    await checkPass(g.finish(again), simplifyShapes, ['input', 'activation']);
  });
});
