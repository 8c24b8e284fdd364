import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldPadding } from './fold-padding.ts';

describe('zeros around an image', () => {
  it('go into convolutions, one or several, padded or not', async () => {
    const g = new TestGraph();
    const padded = g.pad(g.input(5, 6, 3), [1, 0], [2, 1]);
    const outputs = [g.conv(padded, { filters: 4 }), g.depthwise(padded, 2, 1)];
    await checkPass(g.finish(...outputs), foldPadding, ['input', 'conv', 'conv']);
  });

  it('add up', async () => {
    const g = new TestGraph();
    const x = g.pad(g.pad(g.input(5, 6, 3), [1, 0], [2, 1]), [0, 3], [0, 1]);
    await checkPass(g.finish(x), foldPadding, ['input', 'pad']);
  });

  it('stay before pooling', async () => {
    for (const mode of ['max', 'average'] as const) {
      const g = new TestGraph();
      const padded = g.pad(g.input(5, 6, 3), [1, 1], [1, 1]);
      const pads = { begin: [0, 0], end: [1, 1] };
      const x = g.add(
        { kind: 'pool', mode, size: [3, 3], strides: [2, 2], pads, layout: 'channelsLast' },
        padded,
      );
      await checkPass(g.finish(x), foldPadding, ['input', 'pad', 'pool']);
    }
  });
});
