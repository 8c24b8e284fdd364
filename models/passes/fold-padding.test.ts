import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldPadding } from './fold-padding.ts';

describe('zeros around an image', () => {
  it('go into convolutions, one or several, padded or not', async () => {
    const g = new TestGraph();
    const padded = g.pad(g.input(5, 6, 3), 1, 0, 2, 1);
    const outputs = [g.conv(padded, { filters: 4 }), g.depthwise(padded, 2, 1)];
    await checkPass(g.finish(...outputs), foldPadding, ['input', 'conv2d', 'conv2d']);
  });

  it('add up', async () => {
    const g = new TestGraph();
    const x = g.pad(g.pad(g.input(5, 6, 3), 1, 0, 2, 1), 0, 3, 0, 1);
    await checkPass(g.finish(x), foldPadding, ['input', 'pad2d']);
  });

  it('stay before pooling', async () => {
    for (const mode of ['max', 'average'] as const) {
      const g = new TestGraph();
      const padded = g.pad(g.input(5, 6, 3), 1, 1, 1, 1);
      const pads = { top: 0, left: 0, bottom: 1, right: 1 };
      const x = g.add({ kind: 'pool2d', mode, size: [3, 3], strides: [2, 2], pads, layout: 'nhwc' }, padded);
      await checkPass(g.finish(x), foldPadding, ['input', 'pad2d', 'pool2d']);
    }
  });
});
