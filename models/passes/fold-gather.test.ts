import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldGather } from './fold-gather.ts';

describe('reordered channels', () => {
  it('go into a convolution', async () => {
    const g = new TestGraph();
    const x = g.add({ kind: 'gather', indices: [2, 0, 1], axis: 2 }, g.input(5, 6, 3));
    await checkPass(g.finish(g.conv(x, { filters: 4, pad: 1 })), foldGather, ['input', 'conv']);
  });

  it('go into a convolution over a sequence', async () => {
    const g = new TestGraph();
    const x = g.add({ kind: 'gather', indices: [2, 0, 1], axis: 1 }, g.input(6, 3));
    await checkPass(g.finish(g.conv(x, { filters: 4 })), foldGather, ['input', 'conv']);
  });

  it('stay before depthwise and grouped convolutions, and when channels repeat', async () => {
    const kept = ['input', 'gather', 'conv'] as const;
    const g = new TestGraph();
    const x = g.add({ kind: 'gather', indices: [2, 1, 0], axis: 2 }, g.input(5, 6, 3));
    await checkPass(g.finish(g.depthwise(x, 2)), foldGather, kept);
    await checkPass(g.finish(g.conv(x, { filters: 3, groups: 3 })), foldGather, kept);
    const h = new TestGraph();
    const y = h.add({ kind: 'gather', indices: [2, 2, 0], axis: 2 }, h.input(5, 6, 3));
    await checkPass(h.finish(h.conv(y, { filters: 4 })), foldGather, kept);
  });
});
