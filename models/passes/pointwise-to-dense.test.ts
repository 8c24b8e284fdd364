import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { pointwiseToDense } from './pointwise-to-dense.ts';

describe('convolutions of size 1', () => {
  it('over sequences are dense layers, with and without bias', async () => {
    const g = new TestGraph();
    const x = g.conv(g.relu(g.conv(g.input(7, 3), { filters: 4, size: 1 })), {
      filters: 2,
      size: 1,
      bias: false,
    });
    await checkPass(g.finish(x), pointwiseToDense, ['input', 'dense', 'activation', 'dense']);
  });

  it('stay over images, and with groups, padding, or a larger kernel', async () => {
    const g = new TestGraph();
    await checkPass(g.finish(g.conv(g.input(4, 5, 3), { filters: 4, size: 1 })), pointwiseToDense, [
      'input',
      'conv',
    ]);
    for (const options of [{ groups: 3, size: 1 }, { pad: 1, size: 1 }, { size: 2 }]) {
      const h = new TestGraph();
      const x = h.conv(h.input(7, 3), { filters: 6, ...options });
      await checkPass(h.finish(x), pointwiseToDense, ['input', 'conv']);
    }
  });
});
