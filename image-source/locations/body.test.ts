import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { readBody, withinTime, withRetries } from './body.ts';

const never = new AbortController().signal;

function broken(code: string): Error {
  return Object.assign(new Error(code), { code });
}

test('a body is collected whole; one that is too long or too short is an error', async () => {
  const send = (...chunks: string[]) => {
    const body = new PassThrough();
    for (const chunk of chunks) body.write(chunk);
    body.end();
    return body;
  };
  assert.equal(String(await readBody('u', send('ab', 'cd'), 4, 4, never)), 'abcd');
  assert.equal(String(await readBody('u', send('ab', 'cd'), undefined, 4, never)), 'abcd');
  assert.equal(String(await readBody('u', send(), 0, 4, never)), '');
  await assert.rejects(readBody('u', send('abcde'), undefined, 4, never), { sqlState: '54000' });
  await assert.rejects(readBody('u', send('abcde'), 5, 4, never), { sqlState: '54000', message: /5 bytes/ });
  await assert.rejects(readBody('u', send('abc'), 4, 4, never), { code: 'ECONNRESET' });
});

test('a body that stalls is given up, one that trickles is not', async () => {
  const stalled = new PassThrough();
  stalled.write('abc');
  await assert.rejects(readBody('u', stalled, 4, 10, never, 30), { message: /no byte came for 30 ms/ });
  const trickling = new PassThrough();
  let sent = 0;
  const timer = setInterval(() => {
    trickling.write('x');
    if (++sent < 8) return;
    clearInterval(timer);
    trickling.end();
  }, 20);
  assert.equal(String(await readBody('u', trickling, 8, 10, never, 2_000)), 'xxxxxxxx');
});

test('broken connections are tried three times, other errors once', async () => {
  for (const [code, expected] of [
    ['ECONNRESET', 3],
    ['EACCES', 1],
  ] as const) {
    let attempts = 0;
    const failing = async () => {
      attempts++;
      throw broken(code);
    };
    await assert.rejects(withRetries(failing, never), { code });
    assert.equal(attempts, expected);
  }
  let attempts = 0;
  assert.equal(
    await withRetries(async () => {
      if (++attempts < 3) throw broken('EPIPE');
      return 'done';
    }, never),
    'done',
  );
});

test("the caller's reason comes out, whatever the library made of it", async () => {
  const controller = new AbortController();
  const work = (signal: AbortSignal) =>
    new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(broken('ABORT_ERR'))));
  const running = withinTime('u', { signal: controller.signal, maxSize_bytes: 1 }, work);
  controller.abort(new Error('cancelled'));
  await assert.rejects(running, { message: 'cancelled' });
  await assert.rejects(withinTime('u', { signal: controller.signal, maxSize_bytes: 1 }, work), {
    message: 'cancelled',
  });
});
