import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldCropping } from './fold-cropping.ts';

describe('cropping a transposed convolution', () => {
  it('goes into it, over one to three axes', async () => {
    for (const sizes of [[5], [4, 5], [3, 4, 3]]) {
      const g = new TestGraph();
      const x = g.convTranspose(g.input(...sizes, 3), { filters: 2 });
      const ranges = sizes.map((size, axis) => ({
        axis,
        start: axis + 1,
        count: 2 * size - 4 + (axis % 2),
        step: 1,
      }));
      await checkPass(g.finish(g.add({ kind: 'slice', ranges: ranges.slice(0, 2) }, x)), foldCropping, [
        'input',
        'convTranspose',
      ]);
    }
  });

  it('stays when it takes channels, skips positions, or the whole is used too', async () => {
    const g = new TestGraph();
    const x = g.convTranspose(g.input(4, 5, 3), { filters: 3 });
    const kept = ['input', 'convTranspose', 'slice'] as const;
    const channels = g.add({ kind: 'slice', ranges: [{ axis: 2, start: 1, count: 2, step: 1 }] }, x);
    await checkPass(g.finish(channels), foldCropping, kept);
    const h = new TestGraph();
    const y = h.convTranspose(h.input(4, 5, 3), { filters: 3 });
    const skipping = h.add({ kind: 'slice', ranges: [{ axis: 0, start: 1, count: 3, step: 2 }] }, y);
    await checkPass(h.finish(skipping), foldCropping, kept);
    const cropped = h.add({ kind: 'slice', ranges: [{ axis: 0, start: 1, count: 3, step: 1 }] }, y);
    await checkPass(h.finish(cropped, y), foldCropping, kept);
  });
});
