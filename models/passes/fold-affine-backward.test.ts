import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldAffineBackward } from './fold-affine-backward.ts';

describe('an affine after', () => {
  it('a convolution, padded or not, with or without bias', async () => {
    for (const options of [{ pad: 1 }, { bias: false }, { groups: 3 }]) {
      const g = new TestGraph();
      const x = g.affine(g.conv(g.input(5, 6, 3), { filters: 6, ...options }));
      await checkPass(g.finish(x), foldAffineBackward, ['input', 'conv']);
    }
  });

  it('a convolution over one and three axes', async () => {
    for (const sizes of [[7], [4, 5, 6]]) {
      const g = new TestGraph();
      const x = g.affine(g.depthwise(g.affine(g.conv(g.input(...sizes, 3), { filters: 4, pad: 1 })), 2));
      await checkPass(g.finish(x), foldAffineBackward, ['input', 'conv', 'conv']);
    }
  });

  it('a transposed convolution', async () => {
    for (const sizes of [[7], [4, 5], [2, 3, 2]]) {
      const g = new TestGraph();
      const x = g.affine(g.convTranspose(g.input(...sizes, 3), { filters: 4, bias: sizes.length > 1 }));
      await checkPass(g.finish(x), foldAffineBackward, ['input', 'convTranspose']);
    }
  });

  it('a depthwise convolution', async () => {
    const g = new TestGraph();
    const x = g.affine(g.depthwise(g.input(5, 6, 3), 2, 1));
    await checkPass(g.finish(x), foldAffineBackward, ['input', 'conv']);
  });

  it('a dense layer, also over sequences', async () => {
    const g = new TestGraph();
    await checkPass(g.finish(g.affine(g.dense(g.input(5), 4))), foldAffineBackward, ['input', 'dense']);
    const h = new TestGraph();
    await checkPass(h.finish(h.affine(h.dense(h.input(7, 5), 4))), foldAffineBackward, ['input', 'dense']);
  });

  it('stays after an activation, along another axis, or where the convolution is used elsewhere', async () => {
    const g = new TestGraph();
    const conv = g.conv(g.input(5, 6, 3), { filters: 4 });
    const relu = g.affine(g.relu(conv));
    await checkPass(g.finish(relu), foldAffineBackward, ['input', 'conv', 'activation', 'affine']);
    await checkPass(g.finish(g.affine(conv, 0)), foldAffineBackward, ['input', 'conv', 'affine']);
    await checkPass(g.finish(g.affine(conv), conv), foldAffineBackward, ['input', 'conv', 'affine']);
  });
});
