/** A thousand who say nothing, a hundred who work, and one too many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialize } from 'pg-protocol';
import { eventually, startHarness } from './testing/harness.ts';
import { summary, WireClient } from './testing/wire-client.ts';

const idleCount = 1000;
const activeCount = 100;

test('one above 1,000 idle and 100 active connections is told so, and a place that is free is given', async (t) => {
  const harness = await startHarness({ limits: { maxConnections: idleCount + activeCount } });
  const { port } = harness;
  const open: WireClient[] = [];
  let finished = false;
  let answered = 0;
  try {
    for (let at = 0; at < idleCount + activeCount; at += 50) {
      open.push(...(await Promise.all(Array.from({ length: 50 }, () => WireClient.start(port)))));
    }
    const working = open.slice(0, activeCount).map(async (client) => {
      while (!finished) {
        const answer = await client.query('SELECT i, i::text AS t FROM range(100) r(i)');
        assert.equal(summary(answer).at(-2), 'complete SELECT 100');
        answered++;
      }
    });
    const waits_ms: number[] = [];
    for (let time = 0; time < 20; time++) {
      const before = answered;
      await eventually(() => answered >= before + activeCount, 'the others are answered');
      const started_ms = performance.now();
      const extra = new WireClient(port).read();
      extra.send(serialize.startup({ user: 'me', database: 'd' }));
      assert.deepEqual(summary(await extra.rest()), ['error 53300']);
      waits_ms.push(performance.now() - started_ms);
      extra.socket.destroy();
    }
    waits_ms.sort((a, b) => a - b);
    t.diagnostic(
      `53300 after ${waits_ms[10]?.toFixed(1)} ms (median), ${waits_ms.at(-1)?.toFixed(1)} ms (most); ${answered} statements meanwhile`,
    );
    finished = true;
    await Promise.all(working);
    assert.equal(harness.server.connectionCount >= idleCount + activeCount, true);
    await open.pop()?.close();
    const next = await WireClient.start(port);
    assert.equal(summary(await next.query('SELECT 1 AS a'))[1], 'row 1');
    await next.close();
    assert.deepEqual(harness.errors, []);
  } finally {
    finished = true;
    for (const client of open) client.socket.destroy();
    await harness.close();
  }
});
