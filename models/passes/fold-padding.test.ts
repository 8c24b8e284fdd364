import { describe, it } from 'node:test';
import { noPads } from '../graph/ops/window.ts';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldPadding } from './fold-padding.ts';

describe('zeros around an image', () => {
  it('go into convolutions, one or several, padded or not', async () => {
    const g = new TestGraph();
    const padded = g.pad(g.input(5, 6, 3), [1, 0], [2, 1]);
    const outputs = [g.conv(padded, { filters: 4 }), g.depthwise(padded, 2, 1)];
    await checkPass(g.finish(...outputs), foldPadding, ['input', 'conv', 'conv']);
  });

  it('go into convolutions over one and three axes', async () => {
    for (const axes of [1, 3]) {
      const g = new TestGraph();
      const x = g.pad(
        g.input(...[6, 5, 4].slice(0, axes), 3),
        [2, 0, 1].slice(0, axes),
        [1, 1, 0].slice(0, axes),
      );
      await checkPass(g.finish(g.conv(x, { filters: 4, pad: 1 })), foldPadding, ['input', 'conv']);
    }
  });

  it('add up', async () => {
    const g = new TestGraph();
    const x = g.pad(g.pad(g.input(5, 6, 3), [1, 0], [2, 1]), [0, 3], [0, 1]);
    await checkPass(g.finish(x), foldPadding, ['input', 'pad']);
  });

  it('go into a max pooling behind an activation without negative numbers', async () => {
    const g = new TestGraph();
    const padded = g.pad(g.relu(g.input(5, 6, 3)), [1, 0], [2, 1]);
    const pads = { begin: [0, 1], end: [0, 1] };
    const layout = 'channelsLast';
    const x = g.add({ kind: 'pool', mode: 'max', size: [3, 3], strides: [2, 2], pads, layout }, padded);
    await checkPass(g.finish(x), foldPadding, ['input', 'activation', 'pool']);
    // A window of nothing but padding has no largest number.
    const wide = g.add(
      { kind: 'pool', mode: 'max', size: [2, 2], strides: [2, 2], pads: noPads(2), layout },
      padded,
    );
    await checkPass(g.finish(wide), foldPadding, ['input', 'activation', 'pad', 'pool']);
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
