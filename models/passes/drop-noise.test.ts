import { it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { dropNoise } from './drop-noise.ts';

it('noise disappears, also before an output', async () => {
  const g = new TestGraph();
  const x = g.add({ kind: 'noise', distribution: 'dropout', amount: 0.5 }, g.dense(g.input(4), 3));
  const y = g.add({ kind: 'noise', distribution: 'gaussian', amount: 1 }, g.relu(x));
  await checkPass(g.finish(x, y), dropNoise, ['input', 'dense', 'activation']);
});
