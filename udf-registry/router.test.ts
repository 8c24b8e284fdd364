import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Input, SingleInput } from './api.ts';
import { ask, faultyInference, fixtureTask, numbers, tensorSpec, valuesOf } from './inference.testing.ts';
import type { RunningInference } from './inference.ts';

function parts(...single: SingleInput[]): Input {
  return { kind: 'parts', parts: single };
}

describe('graphs', { timeout: 120_000 }, () => {
  let inference: RunningInference;
  before(() => {
    inference = faultyInference();
  });
  after(() => inference.close());

  test('each input gets its own answer, whatever batch it was in', async () => {
    const inputs = Array.from({ length: 103 }, (_, i) => numbers(i, -i, i / 2));
    const answers = await ask(inference, fixtureTask('affine'), inputs);
    answers.forEach((answer, i) => {
      assert.deepEqual(valuesOf(answer), [[2 * i + 1, -2 * i + 1, i + 1]]);
    });
  });

  test('no inputs, no work', async () => {
    assert.deepEqual(await ask(inference, fixtureTask('affine'), []), []);
  });

  test('half precision goes in and comes out as numbers', async () => {
    const half = 'float16' as const;
    const task = fixtureTask('affine-half', {
      inputs: [tensorSpec('x', [3], half)],
      outputs: [tensorSpec('y', [3], half)],
    });
    const answers = await ask(inference, task, [numbers(0.5, -3, 1000), numbers(1e-7, 60000, 0.1)]);
    assert.deepEqual(valuesOf(answers[0]), [[2, -5, 2001]]);
    // 120,001 is more than half precision holds; 0.1 is 0.0999755859375 there.
    assert.deepEqual(valuesOf(answers[1]), [[1, Number.POSITIVE_INFINITY, 1.2001953125]]);
  });

  for (const graph of ['affine-one-row', 'affine-two-rows']) {
    test(`a fixed batch (${graph}) answers any number of rows`, async () => {
      const inputs = Array.from({ length: 7 }, (_, i) => numbers(i, i, i));
      const answers = await ask(inference, fixtureTask(graph), inputs);
      answers.forEach((answer, i) => {
        assert.deepEqual(valuesOf(answer), [[2 * i + 1, 2 * i + 1, 2 * i + 1]]);
      });
    });
  }

  test('several outputs, int64 and float64, come as float32 in the order of the manifest', async () => {
    const outputs = [tensorSpec('same', [3], 'float64'), tensorSpec('sum', [], 'int64')];
    const answers = await ask(inference, fixtureTask('two-outputs', { outputs }), [
      numbers(1, 2, 3),
      numbers(-5, 0.5, 0),
    ]);
    assert.deepEqual(answers.map(valuesOf), [
      [[1, 2, 3], [6]],
      [[-5, 0.5, 0], [-4]],
    ]);
  });

  test('rows of different lengths share a batch of a graph with a free axis', async () => {
    const task = fixtureTask('free-axis', {
      inputs: [tensorSpec('x', [null])],
      outputs: [tensorSpec('y', [1])],
    });
    const answers = await ask(inference, task, [numbers(1), numbers(1, 2), numbers(3, 4), numbers(1, 2, 3)]);
    assert.deepEqual(answers.map(valuesOf), [[[1]], [[3]], [[7]], [[6]]]);
  });

  test('a model with several inputs gets a part of the row for each', async () => {
    const task = fixtureTask('two-inputs', {
      inputs: [tensorSpec('a', [2]), tensorSpec('b', [3])],
      outputs: [tensorSpec('y', [2])],
    });
    const answers = await ask(inference, task, [
      parts(numbers(1, 2), numbers(10, 20, 30)),
      parts(numbers(0, 0), numbers(1, 1, 1)),
    ]);
    assert.deepEqual(answers.map(valuesOf), [[[61, 62]], [[3, 3]]]);
  });

  test('a list of the wrong length fails alone and is told both lengths', async () => {
    const answers = await ask(inference, fixtureTask('affine'), [
      numbers(1, 1, 1),
      numbers(1, 2),
      numbers(2, 2, 2),
    ]);
    assert.deepEqual(valuesOf(answers[0]), [[3, 3, 3]]);
    assert.match(String(valuesOf(answers[1])), /^22023 input "x" takes 3 numbers, row has 2/);
    assert.deepEqual(valuesOf(answers[2]), [[5, 5, 5]]);
  });

  test('an input on which the graph fails does not take its batch with it', async () => {
    const one = { inputs: [tensorSpec('x', [1])], outputs: [tensorSpec('y', [1])] };
    const answers = await ask(inference, fixtureTask('table', one), [
      numbers(1),
      numbers(99),
      numbers(3),
      numbers(4),
    ]);
    assert.match(String(valuesOf(answers[1])), /^22000 the model failed on this input: /);
    assert.deepEqual(
      [0, 2, 3].map((i) => valuesOf(answers[i])),
      [[[10]], [[30]], [[40]]],
    );
  });

  test('an image is no list of numbers', async () => {
    const [answer] = await ask(inference, fixtureTask('affine'), [
      { kind: 'bytes', bytes: new Uint8Array(3) },
    ]);
    assert.match(String(valuesOf(answer)), /^42804 the model takes numbers/);
  });

  test('a model that does not load rejects the call', async () => {
    const missing = { ...fixtureTask('affine'), digest: 'missing', path: '/nowhere.onnx' };
    await assert.rejects(ask(inference, missing, [numbers(1, 1, 1)]), /missing does not load/);
    const wrong = fixtureTask('affine', { tag: 'wrong', outputs: [tensorSpec('z', [3])] });
    await assert.rejects(ask(inference, wrong, [numbers(1, 1, 1)]), /the graph has no output z/);
  });

  test('counts what it did', async () => {
    const task = fixtureTask('affine', { tag: 'counted' });
    await ask(inference, task, [numbers(1, 1, 1), numbers(1), numbers(2, 2, 2)]);
    const stats = inference.stats();
    const counts = stats.tasks.find(({ digest }) => digest === task.digest);
    assert.equal(counts?.inputs, 3);
    assert.equal(counts?.failed, 1);
    assert.equal(stats.inputs_waiting, 0);
    assert.ok(stats.workers.some((worker) => worker.loaded.includes(task.digest)));
    assert.ok(stats.workers.every((worker) => worker.pid > 0 && worker.restarts === 0));
  });
});
