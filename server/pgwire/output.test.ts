import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Duplex } from 'node:stream';
import { after, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ClientGone, Output } from './output.ts';
import { OverflowSpace } from './overflow.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'sqlens-output-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const MUCH_BYTES = 100 * 1024 * 1024;

/** A client that reads only while it is told to. */
class Client extends Duplex {
  readonly chunks: Buffer[] = [];
  #reads = false;
  #pending: (() => void)[] = [];

  constructor() {
    super({ writableHighWaterMark: 1024 });
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.chunks.push(Buffer.from(chunk));
    if (this.#reads) setImmediate(done);
    else this.#pending.push(done);
  }

  reads(yes: boolean): void {
    this.#reads = yes;
    if (!yes) return;
    for (const done of this.#pending.splice(0)) done();
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }
}

/** Numbered messages of uneven lengths, so that one that is missing or out of order shows. */
function message(i: number): Buffer {
  return Buffer.from(`<${i}:${'x'.repeat((i * 7919) % 5000)}>`);
}

function messages(count: number): Buffer {
  return Buffer.concat(Array.from({ length: count }, (_, i) => message(i)));
}

describe('output to a client that stalls', { timeout: 60_000 }, () => {
  test('a source that holds much goes on, and every byte arrives in its order', async () => {
    const client = new Client();
    const space = new OverflowSpace(folder);
    const output = new Output(client, space);
    const count = 2_000;
    for (let i = 0; i < count; i++) {
      output.sendBytes(message(i));
      await output.flush(MUCH_BYTES);
    }
    assert.ok(client.received.length < 20_000, 'the client had not read');
    assert.ok(space.used_bytes > 1_000_000, `${space.used_bytes} bytes are in the file`);
    assert.deepEqual(readdirSync(folder), [], 'the file has a name');
    client.reads(true);
    output.sendBytes(Buffer.from('end'));
    await output.flush();
    assert.ok(client.received.equals(Buffer.concat([messages(count), Buffer.from('end')])));
    assert.equal(space.used_bytes, 0);
  });

  test('writing, stalling and reading by turns loses nothing', async () => {
    const client = new Client();
    const output = new Output(client, new OverflowSpace(folder));
    const count = 3_000;
    let seed = 20261122;
    console.log(`seed ${seed}`);
    const random = (): number => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed / 0x7fffffff;
    };
    const reader = (async () => {
      for (let turn = 0; turn < 8; turn++) {
        client.reads(turn % 2 === 1);
        await delay(turn % 2 === 1 ? random() * 30 : 600);
      }
      client.reads(true);
    })();
    for (let i = 0; i < count; i++) {
      output.sendBytes(message(i));
      if (random() < 0.7) await output.flush(random() < 0.95 ? MUCH_BYTES : 0);
      if (random() < 0.02) await delay(1);
    }
    await reader;
    await output.flush();
    assert.ok(client.received.equals(messages(count)));
  });

  test('a source that holds little waits', async () => {
    const client = new Client();
    const space = new OverflowSpace(folder);
    const output = new Output(client, space);
    output.sendBytes(Buffer.alloc(10_000));
    const flushed = output.flush(1000).then(() => 'flushed');
    assert.equal(await Promise.race([flushed, delay(900, 'waits')]), 'waits');
    assert.equal(space.used_bytes, 0);
    client.reads(true);
    assert.equal(await flushed, 'flushed');
  });

  test('a full file makes the source wait', async () => {
    const client = new Client();
    const output = new Output(client, new OverflowSpace(folder, { file_bytes: 50_000, total_bytes: 1e9 }));
    let sent = 0;
    const sending = (async () => {
      for (; sent < 100; sent++) {
        output.sendBytes(Buffer.alloc(10_000));
        await output.flush(MUCH_BYTES);
      }
    })();
    await delay(1_500);
    assert.ok(sent >= 3 && sent <= 8, `${sent} of 100 were sent`);
    client.reads(true);
    await sending;
    assert.equal(client.received.length, 1_000_000);
  });

  test('where no file can be made the source waits', async () => {
    const file = path.join(folder, 'file');
    writeFileSync(file, '');
    const client = new Client();
    const output = new Output(client, new OverflowSpace(path.join(file, 'none')));
    output.sendBytes(Buffer.alloc(10_000));
    const flushed = output.flush(MUCH_BYTES).then(() => 'flushed');
    assert.equal(await Promise.race([flushed, delay(900, 'waits')]), 'waits');
    client.reads(true);
    assert.equal(await flushed, 'flushed');
    rmSync(file);
  });

  test('a client that goes away ends the work, and frees the space', async () => {
    const client = new Client();
    const space = new OverflowSpace(folder);
    const output = new Output(client, space);
    for (let i = 0; i < 100; i++) {
      output.sendBytes(message(i));
      await output.flush(MUCH_BYTES);
    }
    assert.ok(space.used_bytes > 0);
    client.destroy();
    output.sendBytes(message(0));
    await assert.rejects(output.flush(MUCH_BYTES), ClientGone);
    await delay(50);
    assert.equal(space.used_bytes, 0);
  });
});
