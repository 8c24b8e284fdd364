import { it } from 'node:test';
import { checkPass, TestGraph } from '../testing/graphs.ts';
import { denseToConvolution } from './dense-to-convolution.ts';

it('dense over images is a convolution; over vectors and sequences it stays', async () => {
  const g = new TestGraph();
  await checkPass(g.finish(g.dense(g.input(4, 5, 3), 6)), denseToConvolution, ['input', 'conv2d']);
  for (const shape of [[3], [4, 3]]) {
    const h = new TestGraph();
    await checkPass(h.finish(h.dense(h.input(...shape), 6)), denseToConvolution, ['input', 'dense']);
  }
});
