import assert from 'node:assert/strict';
import { it } from 'node:test';
import { run, TestGraph } from '../testing/graphs.ts';
import { runPasses } from './index.ts';
import { normalizationToAffine } from './normalization-to-affine.ts';

it('computes (x - mean) / sqrt(variance + epsilon) * gamma + beta', async () => {
  const g = new TestGraph();
  const x = g.input(3);
  const op = {
    kind: 'batchNormalization',
    gamma: g.weight(3),
    beta: g.weight(3),
    mean: g.weight(3),
    variance: g.positive(3),
    epsilon: 0.01,
    momentum: 0.9,
    axis: 0,
  } as const;
  const graph = g.finish(x, g.add(op, x));
  assert.ok(runPasses(graph, [normalizationToAffine]).nodes.some((node) => node.op.kind === 'affine'));
  const [given, normalized] = await run(graph);
  assert.ok(given && normalized);
  given.forEach((value, i) => {
    const of = (weight: { data: Float32Array }): number => weight.data[i % 3] ?? Number.NaN;
    const deviation = Math.sqrt(of(op.variance) + op.epsilon);
    const expected = ((value - of(op.mean)) / deviation) * of(op.gamma) + of(op.beta);
    assert.ok(Math.abs((normalized[i] ?? Number.NaN) - expected) < 1e-6);
  });
});
