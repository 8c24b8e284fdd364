import { describe, it } from 'node:test';
import type { Value } from '../graph/ops/definition.ts';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { sinkTransposes } from './sink-transposes.ts';

const first = (g: TestGraph, x: Value): Value => {
  const axes = x.shape.length - 1;
  return g.add({ kind: 'transpose', order: [axes, ...Array.from({ length: axes }, (_, i) => i)] }, x);
};

describe('nodes behind a transpose to channels-first', () => {
  it('go before it: activations, affines, softmaxes, PReLUs', async () => {
    for (const shape of [
      [5, 3],
      [4, 5, 3],
      [2, 4, 5, 3],
    ]) {
      const g = new TestGraph();
      const x = first(g, g.relu(g.input(...shape)));
      const alpha = g.positive(3, ...shape.slice(0, -1));
      const order = shape.map((_, axis) => axis);
      const y = g.add({ kind: 'prelu', alpha, order }, g.affine(g.affine(x, 0), 1));
      const z = g.add({ kind: 'softmax', axis: 1, log: false }, y);
      await checkPass(g.finish(z), sinkTransposes, [
        'input',
        'activation',
        'affine',
        'affine',
        'prelu',
        'softmax',
        'transpose',
      ]);
    }
  });

  it('go before it with several inputs, the smaller of which are transposed instead', async () => {
    const g = new TestGraph();
    const x = g.relu(g.input(4, 5, 3));
    const joined = g.add({ kind: 'concat', axis: 0 }, first(g, x), first(g, g.affine(x)));
    const factors = g.add({ kind: 'reshape', shape: [6, 1, 1] }, g.dense(g.flatten(x), 6));
    const y = g.add({ kind: 'merge', mode: 'multiply' }, joined, factors);
    const after = [
      'input',
      'activation',
      'affine',
      'concat',
      'reshape',
      'dense',
      'reshape',
      'transpose',
      'merge',
    ] as const;
    await checkPass(g.finish(y), sinkTransposes, [...after, 'transpose']);
  });

  it('stay behind other orders, beside values that are not transposed, and where the order matters', async () => {
    const g = new TestGraph();
    const x = g.relu(g.input(3, 3, 3));
    const other = g.relu(g.add({ kind: 'transpose', order: [1, 0, 2] }, x));
    await checkPass(g.finish(other), sinkTransposes, ['input', 'activation', 'transpose', 'activation']);
    const sum = g.add({ kind: 'merge', mode: 'add' }, first(g, x), x);
    await checkPass(g.finish(sum), sinkTransposes, ['input', 'activation', 'transpose', 'merge']);
    await checkPass(g.finish(g.flatten(first(g, x))), sinkTransposes, [
      'input',
      'activation',
      'transpose',
      'reshape',
    ]);
  });
});
