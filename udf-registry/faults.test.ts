import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Answer, Input } from './api.ts';
import {
  ask,
  faultyInference,
  fixtureTask,
  type ModelTask,
  numbers,
  tensorSpec,
  until,
  valuesOf,
} from './inference.testing.ts';
import type { RunningInference } from './inference.ts';

/** The faulty worker kills itself when it sees this. */
const POISON = numbers(-666, 0, 0);

const one = { inputs: [tensorSpec('x', [1])], outputs: [tensorSpec('y', [1])] };

function triples(count: number): Input[] {
  return Array.from({ length: count }, (_, i) => numbers(i, i, i));
}

function assertTripled(answers: readonly Answer[], indices: readonly number[]): void {
  for (const i of indices) assert.deepEqual(valuesOf(answers[i]), [[2 * i + 1, 2 * i + 1, 2 * i + 1]]);
}

describe('workers that die', { timeout: 120_000 }, () => {
  let inference: RunningInference;
  before(() => {
    inference = faultyInference();
  });
  after(() => inference.close());

  test('a query whose workers are killed again and again still gets the right rows', async () => {
    const count = 4_000;
    const killed = new Set<number>();
    let answered = 0;
    const answers = await ask(inference, fixtureTask('affine'), triples(count), {
      onAnswer: () => {
        answered++;
        // Kills whichever worker has something to do, three times over the query.
        if (answered % 1_000 !== 0 || killed.size >= 3) return;
        const busy = inference.stats().workers.find(({ state, pid }) => state === 'busy' && !killed.has(pid));
        if (busy === undefined) return;
        killed.add(busy.pid);
        process.kill(busy.pid, 'SIGKILL');
      },
    });
    assert.equal(killed.size, 3);
    assertTripled(answers, [...answers.keys()]);
    await until(() => inference.stats().workers.filter(({ state }) => state === 'ready').length === 2);
    const { workers } = inference.stats();
    assert.ok(workers.every(({ pid }) => !killed.has(pid)));
    assert.equal(
      workers.reduce((sum, { restarts }) => sum + restarts, 0),
      3,
    );
  });

  test('inputs that kill their worker fail alone', async () => {
    const inputs = triples(60);
    const poisoned = [5, 6, 41];
    for (const i of poisoned) inputs[i] = POISON;
    const answers = await ask(inference, fixtureTask('affine', { tag: 'poison' }), inputs);
    for (const i of poisoned) {
      assert.match(String(valuesOf(answers[i])), /^58000 the worker process crashed on this input/);
    }
    assertTripled(
      answers,
      [...inputs.keys()].filter((i) => !poisoned.includes(i)),
    );
    // The inputs were at fault, not the model.
    assertTripled(await ask(inference, fixtureTask('affine', { tag: 'poison' }), triples(4)), [0, 1, 2, 3]);
  });
});

describe('deadlines and quarantine', { timeout: 120_000 }, () => {
  let inference: RunningInference;
  let endless: ModelTask;
  before(() => {
    inference = faultyInference({ limits: { batch_timeout_ms: 700, prepare_timeout_ms: 300 } });
    endless = fixtureTask('endless', one);
  });
  after(() => inference.close());

  test('a model that never ends is quarantined, others go on, and release gives it another chance', async () => {
    const hopeless = Array.from({ length: 8 }, () => numbers(2e6));
    const quarantined = { sqlState: '55000', message: /quarantined: 2 worker processes had to be killed/ };
    await assert.rejects(ask(inference, endless, hopeless), quarantined);
    await assert.rejects(ask(inference, endless, [numbers(1)]), quarantined);
    assertTripled(await ask(inference, fixtureTask('affine'), triples(4)), [0, 1, 2, 3]);
    assert.deepEqual(inference.stats().quarantined, [endless.digest]);
    inference.release(endless.digest);
    assert.deepEqual(inference.stats().quarantined, []);
    assert.deepEqual((await ask(inference, endless, [numbers(1)])).map(valuesOf), [[[1]]]);
  });

  test('an input on which a proven model never ends fails alone', async () => {
    const task = fixtureTask('endless', { ...one, tag: 'proven' });
    await ask(inference, task, [numbers(1)]);
    const answers = await ask(
      inference,
      task,
      [1, 2, 3e6, 4].map((value) => numbers(value)),
    );
    assert.match(
      String(valuesOf(answers[2])),
      /^58000 the worker process was killed: this input took longer/,
    );
    assert.deepEqual(
      [0, 1, 3].map((i) => valuesOf(answers[i])),
      [[[1]], [[2]], [[4]]],
    );
  });

  test('an input that is never fetched fails alone, without a worker dying', async () => {
    await until(() => inference.stats().workers.filter(({ state }) => state === 'ready').length === 2);
    const pids = inference.stats().workers.map(({ pid }) => pid);
    const stall: Input = { kind: 'stored', uri: 'file:///stall.jpg', version: undefined };
    const answers = await ask(inference, { kind: 'image_info' }, [stall]);
    assert.match(String(valuesOf(answers[0])), /^58030 the input was not fetched and decoded within/);
    assert.deepEqual(
      inference.stats().workers.map(({ pid }) => pid),
      pids,
    );
  });
});

describe('workers that do not start', { timeout: 120_000 }, () => {
  test('whoever waits is told', async (t) => {
    const inference = faultyInference({ workers: 1, entry: '/nowhere/worker.js' });
    t.after(() => inference.close());
    await assert.rejects(
      ask(inference, { kind: 'image_info' }, [{ kind: 'bytes', bytes: new Uint8Array() }]),
      {
        sqlState: '58000',
        message: /worker processes do not start: /,
      },
    );
    await inference.close();
  });
});
