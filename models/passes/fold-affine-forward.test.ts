import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldAffineForward } from './fold-affine-forward.ts';

describe('an affine before', () => {
  it('an unpadded convolution', async () => {
    for (const groups of [1, 3]) {
      const g = new TestGraph();
      const x = g.conv(g.affine(g.input(5, 6, 3)), { filters: 6, groups });
      await checkPass(g.finish(x), foldAffineForward, ['input', 'conv']);
    }
  });

  it('a convolution over one and three axes', async () => {
    for (const sizes of [[7], [5, 6, 7]]) {
      const g = new TestGraph();
      const x = g.depthwise(g.affine(g.conv(g.affine(g.input(...sizes, 3)), { filters: 4 })), 2);
      await checkPass(g.finish(x), foldAffineForward, ['input', 'conv', 'conv']);
    }
  });

  it('a transposed convolution leaves its offset behind', async () => {
    const g = new TestGraph();
    const x = g.convTranspose(g.affine(g.input(4, 5, 3)), { filters: 4 });
    const graph = await checkPass(g.finish(x), foldAffineForward, ['input', 'affine', 'convTranspose']);
    const affine = graph.nodes[1]?.op;
    assert.ok(affine?.kind === 'affine' && affine.scale === undefined && affine.offset !== undefined);
  });

  it('a depthwise convolution', async () => {
    const g = new TestGraph();
    await checkPass(g.finish(g.depthwise(g.affine(g.input(5, 6, 3)), 2)), foldAffineForward, [
      'input',
      'conv',
    ]);
  });

  it('a padded convolution leaves its offset behind', async () => {
    for (const make of [
      (g: TestGraph) => g.conv(g.affine(g.input(5, 6, 3)), { filters: 4, pad: 1 }),
      (g: TestGraph) => g.depthwise(g.affine(g.input(5, 6, 3)), 2, 1),
    ]) {
      const g = new TestGraph();
      const graph = await checkPass(g.finish(make(g)), foldAffineForward, ['input', 'affine', 'conv']);
      const affine = graph.nodes[1]?.op;
      assert.ok(affine?.kind === 'affine' && affine.scale === undefined && affine.offset !== undefined);
    }
  });

  it('a padded convolution goes altogether when it has no offset', async () => {
    const g = new TestGraph();
    const scaled = g.add(
      { kind: 'affine', scale: g.positive(3), offset: undefined, axis: 2 },
      g.input(5, 6, 3),
    );
    await checkPass(g.finish(g.conv(scaled, { filters: 4, pad: 1 })), foldAffineForward, ['input', 'conv']);
  });

  it('a dense layer', async () => {
    const g = new TestGraph();
    await checkPass(g.finish(g.dense(g.affine(g.input(5)), 4)), foldAffineForward, ['input', 'dense']);
  });

  it('stays where it is used elsewhere, along another axis, or multiplies by zero before padding', async () => {
    const g = new TestGraph();
    const x = g.affine(g.input(5, 6, 3));
    const kept = ['input', 'affine', 'conv'] as const;
    await checkPass(g.finish(g.conv(x, { filters: 4 }), x), foldAffineForward, kept);
    const h = new TestGraph();
    await checkPass(h.finish(h.conv(h.affine(h.input(5, 6, 3), 0), { filters: 4 })), foldAffineForward, kept);
    const z = new TestGraph();
    const zero = z.positive(3).with(Float32Array.of(0, 1, 2));
    const y = z.add({ kind: 'affine', scale: zero, offset: z.weight(3), axis: 2 }, z.input(5, 6, 3));
    await checkPass(z.finish(z.conv(y, { filters: 4, pad: 1 })), foldAffineForward, kept);
  });
});
