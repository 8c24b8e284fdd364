import { it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { denseToConvolution } from './dense-to-convolution.ts';

it('dense behind convolutions is a convolution, over sequences, images and volumes', async () => {
  for (const sizes of [[7], [4, 5], [4, 5, 3]]) {
    const g = new TestGraph();
    const x = g.relu(g.conv(g.input(...sizes, 3), { filters: 4 }));
    const y = g.dense(g.relu(g.dense(x, 6)), 2);
    await checkPass(g.finish(y), denseToConvolution, [
      'input',
      'conv',
      'activation',
      'conv',
      'activation',
      'conv',
    ]);
  }
});

it('stays where no convolution is near', async () => {
  for (const shape of [[3], [4, 3], [4, 5, 3]]) {
    const g = new TestGraph();
    await checkPass(g.finish(g.dense(g.input(...shape), 6)), denseToConvolution, ['input', 'dense']);
  }
});
