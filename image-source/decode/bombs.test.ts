import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { childEntry } from '../../common/child-entry.ts';
import { lyingImages, tooLargeImages } from './bombs.testing.ts';
import type { ChildReport } from './bombs-child.testing.ts';
import { imageInfo } from './info.ts';

const GIB = 2 ** 30;

function isReport(message: unknown): message is ChildReport {
  return typeof message === 'object' && message !== null && 'bombs' in message && 'peak_bytes' in message;
}

test('bombs are refused, and a process that meets them all stays under 1 GiB', async () => {
  const child = fork(childEntry(import.meta.url, './bombs-child.testing'), { stdio: 'inherit' });
  const [report] = await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code, signal]) =>
      assert.fail(`the child ended without a report (${code ?? signal})`),
    ),
  ]);
  assert.ok(isReport(report));
  const tooLarge = new Set(tooLargeImages().keys());
  const lying = new Set(lyingImages().keys());
  const counts = { tooLarge: 0, lying: 0, largest: 0 };
  for (const { name, outcome } of report.bombs) {
    if (tooLarge.has(name)) {
      counts.tooLarge++;
      assert.match(outcome, /^54000 .*(?:has more than (?:25|64) million pixels|has 5\d\d scans)/, name);
    } else if (lying.has(name)) {
      counts.lying++;
      assert.match(outcome, /^22000 .* image is damaged/, name);
    } else {
      counts.largest++;
      assert.equal(outcome, '224×224', name);
    }
  }
  assert.deepEqual(counts, { tooLarge: 3 * tooLarge.size, lying: 3 * lying.size, largest: 3 });
  assert.ok(tooLarge.size >= 11 && lying.size >= 2);
  assert.ok(report.peak_bytes < GIB, `${Math.round(report.peak_bytes / 2 ** 20)} MiB`);
});

test('what is too large to decode still says what it is', async () => {
  const png = tooLargeImages().get('40,000² PNG');
  assert.ok(png !== undefined);
  assert.deepEqual(await imageInfo(png), { format: 'png', width: 40_000, height: 40_000, channels: 1 });
});
