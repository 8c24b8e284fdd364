import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Input } from './api.ts';
import { ask, faultyInference, fixtureTask, numbers, until, valuesOf } from './inference.testing.ts';
import type { RunningInference } from './inference.ts';

function triples(count: number): Input[] {
  return Array.from({ length: count }, (_, i) => numbers(i, i, i));
}

/** An array that remembers how far it was read. */
function watched(
  count: number,
  onRead: (index: number) => void = () => undefined,
): { inputs: readonly Input[]; readUpTo: () => number } {
  let most = 0;
  const inputs = new Proxy(new Array<Input>(count), {
    get: (target, key) => {
      const index = typeof key === 'string' ? Number(key) : Number.NaN;
      if (!Number.isInteger(index)) return Reflect.get(target, key);
      most = Math.max(most, index + 1);
      onRead(index);
      return numbers(index, index, index);
    },
  });
  return { inputs, readUpTo: () => most };
}

describe('sharing workers', { timeout: 120_000 }, () => {
  let inference: RunningInference;
  before(() => {
    inference = faultyInference();
  });
  after(() => inference.close());

  test('ten inputs do not wait behind five thousand of another query', async () => {
    const task = fixtureTask('affine');
    const large = watched(5_000);
    // Inputs are read when their batch is formed: this is the order in which batches go out, whichever worker is slow.
    let largeReadWhenSmallBegan = 0;
    let largeReadWhenSmallWasOut = 0;
    const small = watched(10, (index) => {
      if (index === 9) largeReadWhenSmallWasOut = large.readUpTo();
    });
    let answered = 0;
    let asked: Promise<unknown> | undefined;
    await ask(inference, task, large.inputs, {
      onAnswer: () => {
        answered++;
        if (answered !== 100) return;
        largeReadWhenSmallBegan = large.readUpTo();
        asked = ask(inference, task, small.inputs);
      },
    });
    await asked;
    assert.ok(largeReadWhenSmallBegan >= 100 && largeReadWhenSmallWasOut >= largeReadWhenSmallBegan);
    // Three batches of the small query, each after at most one of the large one's four inputs; some are looked at ahead.
    const between = largeReadWhenSmallWasOut - largeReadWhenSmallBegan;
    assert.ok(between <= 24, `${between} inputs of the large query went out before ten of the small one`);
  });

  test('an aborted query rejects with its reason, stops taking inputs, and hears no more', async () => {
    const { inputs, readUpTo } = watched(1_000_000);
    const controller = new AbortController();
    const reason = new Error('the user pressed ^C');
    let answered = 0;
    const running = inference.submit(fixtureTask('affine'), inputs, {
      queryId: 'aborted',
      signal: controller.signal,
      onAnswer: () => {
        answered++;
        if (answered === 50) controller.abort(reason);
      },
    });
    await assert.rejects(running, (error) => error === reason);
    assert.equal(inference.stats().inputs_waiting, 0);
    // What was under way when it was aborted is finished by the workers, but nobody is told.
    await until(() => inference.stats().workers.every(({ batches_under_way }) => batches_under_way === 0));
    assert.equal(answered, 50);
    assert.ok(readUpTo() < 200, `${readUpTo()} inputs were read`);
    const other = await ask(inference, fixtureTask('affine'), [numbers(1, 2, 3)]);
    assert.deepEqual(valuesOf(other[0]), [[3, 5, 7]]);
  });

  test('a signal that is aborted already means no work', async () => {
    const reason = new Error('too late');
    await assert.rejects(
      ask(inference, fixtureTask('affine'), triples(1), { signal: AbortSignal.abort(reason) }),
      (error) => error === reason,
    );
  });

  test('inputs that wait cost no memory: they are read when their batch is formed', async () => {
    const { inputs, readUpTo } = watched(200_000);
    let ahead = 0;
    let answered = 0;
    const controller = new AbortController();
    const running = inference.submit(fixtureTask('affine', { batchSize: 16 }), inputs, {
      queryId: 'long',
      signal: controller.signal,
      onAnswer: () => {
        answered++;
        ahead = Math.max(ahead, readUpTo() - answered);
        if (answered === 20_000) controller.abort();
      },
    });
    await assert.rejects(running);
    // Two workers, three batches each, and the one that is looked at to fill a batch.
    assert.ok(ahead <= 2 * 3 * 16 + 1, `${ahead} inputs were read ahead`);
  });

  test('an exception of the receiver ends its query and no other', async () => {
    const bad = ask(inference, fixtureTask('affine'), triples(40), {
      onAnswer: (index) => {
        if (index === 7) throw new Error('the receiver failed');
      },
    });
    const good = ask(inference, fixtureTask('affine'), triples(40));
    await assert.rejects(bad, /the receiver failed/);
    assert.deepEqual(
      (await good).map(valuesOf),
      triples(40).map((_, i) => [[2 * i + 1, 2 * i + 1, 2 * i + 1]]),
    );
  });

  test('the number of calls is limited', async (t) => {
    const limited = faultyInference({ workers: 1, limits: { submissions_max: 1 } });
    t.after(() => limited.close());
    const first = ask(limited, fixtureTask('affine'), triples(1));
    await assert.rejects(ask(limited, fixtureTask('affine'), triples(1)), { sqlState: '53400' });
    await first;
    await ask(limited, fixtureTask('affine'), triples(1));
  });
});

describe('workers are replaced', { timeout: 120_000 }, () => {
  test('after so many batches, without losing one', async (t) => {
    const inference = faultyInference({ workers: 1, limits: { recycle_batches: 5, recycle_pause_ms: 0 } });
    t.after(() => inference.close());
    await ask(inference, fixtureTask('affine'), triples(1));
    const before = inference.stats().workers.map(({ pid }) => pid);
    const answers = await ask(inference, fixtureTask('affine'), triples(20_000));
    answers.forEach((answer, i) => {
      assert.deepEqual(valuesOf(answer), [[2 * i + 1, 2 * i + 1, 2 * i + 1]]);
    });
    const { workers } = inference.stats();
    assert.ok(!workers.some(({ pid }) => before.includes(pid)));
    assert.ok(workers.every(({ restarts }) => restarts === 0));
  });

  test('and keep only so many models', async (t) => {
    const inference = faultyInference({ workers: 1, limits: { sessions_max: 2 } });
    t.after(() => inference.close());
    const tasks = ['a', 'b', 'c'].map((tag) => fixtureTask('affine', { tag }));
    for (const task of [...tasks, ...tasks]) {
      const answers = await ask(inference, task, [numbers(1, 1, 1)]);
      assert.deepEqual(answers.map(valuesOf), [[[3, 3, 3]]]);
    }
    const loaded = inference.stats().workers.flatMap((worker) => worker.loaded);
    assert.deepEqual(loaded, ['affine-b', 'affine-c']);
  });
});

describe('the end', { timeout: 120_000 }, () => {
  test('close rejects whoever waits and leaves no process', async (t) => {
    const inference = faultyInference();
    t.after(() => inference.close());
    await ask(inference, fixtureTask('affine'), triples(8));
    const pids = inference.stats().workers.map(({ pid }) => pid);
    assert.equal(pids.length, 2);
    const waiting = ask(inference, fixtureTask('affine'), triples(10_000));
    const refused = assert.rejects(waiting, { sqlState: '57P01' });
    await inference.close();
    await refused;
    for (const pid of pids) assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
    await assert.rejects(ask(inference, fixtureTask('affine'), triples(1)), { sqlState: '57P01' });
  });
});
