import { describe, it } from 'node:test';
import { Weight } from '../graph/weight.ts';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { mergeAffines } from './merge-affines.ts';

describe('affines in a row', () => {
  it('become one', async () => {
    const g = new TestGraph();
    const x = g.affine(g.affine(g.affine(g.input(4, 5, 3))));
    await checkPass(g.finish(x), mergeAffines, ['input', 'affine']);
  });

  it('become one when one of them has a single factor', async () => {
    const g = new TestGraph();
    const x = g.affine(g.input(4, 5, 3));
    const single = new Weight('s', [1], Float32Array.of(0.3));
    const y = g.add({ kind: 'affine', scale: single, offset: undefined, axis: 0 }, x);
    await checkPass(g.finish(y), mergeAffines, ['input', 'affine']);
  });

  it('stay along different axes, and where the first is used elsewhere', async () => {
    const g = new TestGraph();
    const x = g.affine(g.input(4, 5, 3), 0);
    await checkPass(g.finish(g.affine(x, 1)), mergeAffines, ['input', 'affine', 'affine']);
    await checkPass(g.finish(x, g.affine(x, 0)), mergeAffines, ['input', 'affine', 'affine']);
  });
});
