import { describe, it } from 'node:test';
import type { Value } from '../graph/ops/definition.ts';
import { noPads } from '../graph/ops/window.ts';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { raiseAffines } from './raise-affines.ts';

const layout = 'channelsLast';
const pool = (g: TestGraph, x: Value, mode: 'max' | 'average'): Value =>
  g.add(
    { kind: 'pool', mode, size: [3, 3], strides: [2, 2], pads: { begin: [0, 1], end: [1, 1] }, layout },
    x,
  );

describe('an affine behind a convolution and', () => {
  it('upsampling, cropping, pooling goes before these', async () => {
    const between: [string, (g: TestGraph, x: Value) => Value][] = [
      [
        'resize',
        (g, x) =>
          g.add({ kind: 'resize', size: [9, 8], interpolation: 'nearest', antialias: false, layout }, x),
      ],
      [
        'resize',
        (g, x) =>
          g.add({ kind: 'resize', size: [6, 8], interpolation: 'bicubic', antialias: false, layout }, x),
      ],
      ['slice', (g, x) => g.add({ kind: 'slice', ranges: [{ axis: 0, start: 1, count: 2, step: 1 }] }, x)],
      ['pool', (g, x) => pool(g, x, 'average')],
      ['pool', (g, x) => pool(g, x, 'max')],
      ['globalPool', (g, x) => g.add({ kind: 'globalPool', mode: 'max', axes: 2, layout }, x)],
      ['adaptivePool', (g, x) => g.add({ kind: 'adaptivePool', mode: 'average', size: [2, 3], layout }, x)],
    ];
    for (const [kind, add] of between) {
      const g = new TestGraph();
      const x = add(g, g.conv(g.input(5, 6, 3), { filters: 4 }));
      const { op } = g.finish(x).nodes.at(-1) ?? { op: undefined };
      await checkPass(g.finish(g.affine(x)), raiseAffines, ['input', 'conv', 'affine', op?.kind ?? 'input']);
      if (op?.kind !== kind) throw new Error(`made ${op?.kind}`);
    }
  });

  it('stays where it would change something, or fold into nothing', async () => {
    const g = new TestGraph();
    const negative = g.add(
      { kind: 'affine', scale: g.weight(4).with(Float32Array.of(1, -1, 2, 1)), offset: g.weight(4), axis: 2 },
      pool(g, g.conv(g.input(5, 6, 3), { filters: 4 }), 'max'),
    );
    await checkPass(g.finish(negative), raiseAffines, ['input', 'conv', 'pool', 'affine']);
    const h = new TestGraph();
    const input = h.affine(pool(h, h.relu(h.input(5, 6, 3)), 'average'));
    await checkPass(h.finish(input), raiseAffines, ['input', 'activation', 'pool', 'affine']);
    const twice = new TestGraph();
    const x = twice.conv(twice.input(5, 6, 3), { filters: 4 });
    const pooled = twice.affine(pool(twice, x, 'average'));
    await checkPass(twice.finish(pooled, x), raiseAffines, ['input', 'conv', 'pool', 'affine']);
    const across = new TestGraph();
    const size = [1, 1];
    const y = across.add(
      { kind: 'pool', mode: 'average', size, strides: size, pads: noPads(2), layout },
      across.conv(across.input(5, 6, 3), { filters: 4 }),
    );
    await checkPass(across.finish(across.affine(y, 0)), raiseAffines, ['input', 'conv', 'pool', 'affine']);
  });
});
