import { describe, it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { foldConstants } from './fold-constants.ts';

describe('constants', () => {
  it('become operands of what is computed with them', async () => {
    const graph = new TestGraph();
    const x = graph.input(4, 3);
    const constant = graph.add({ kind: 'constant', value: graph.weight(4, 3), type: 'float32' }, x);
    const sum = graph.add({ kind: 'merge', mode: 'add' }, x, constant);
    const power = graph.add(
      { kind: 'elementwise', fn: 'divide', operands: [undefined, undefined] },
      constant,
      sum,
    );
    await checkPass(graph.finish(sum, power), foldConstants, ['input', 'elementwise', 'elementwise']);
  });

  it('keep their numbers when they are moved', async () => {
    const graph = new TestGraph();
    const x = graph.input(6, 2);
    const constant = graph.add({ kind: 'constant', value: graph.weight(3, 4), type: 'float32' }, x);
    const turned = graph.add({ kind: 'transpose', order: [1, 0] }, constant);
    const flat = graph.add({ kind: 'reshape', shape: [6, 2] }, turned);
    const difference = graph.add({ kind: 'merge', mode: 'subtract' }, flat, x);
    await checkPass(graph.finish(difference), foldConstants, ['input', 'elementwise']);
  });

  it('stay where they are joined to a tensor, or served', async () => {
    const graph = new TestGraph();
    const x = graph.input(2, 3);
    const constant = graph.add({ kind: 'constant', value: graph.weight(1, 3), type: 'float32' }, x);
    const joined = graph.add({ kind: 'concat', axis: 0 }, constant, x);
    await checkPass(graph.finish(joined, constant), foldConstants, ['input', 'constant', 'concat']);
  });
});
