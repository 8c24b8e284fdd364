import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import S3rver from 's3rver';

/**
 * An S3 server over HTTP for tests. It is somebody else's implementation of the protocol, and makes its continuation
 * tokens with a cipher that OpenSSL 3 keeps apart: hence a process of its own with that cipher switched on.
 */
export interface S3Server {
  readonly endpoint: string;
  /** Where it keeps its objects: `bucket/key._S3rver_object` and `…_metadata.json`. */
  readonly folder: string;
  close(): Promise<void>;
}

/** Credentials that the server knows. */
export const S3_TEST_KEY = 'S3RVER';

/** Starts a server with empty buckets on a free port of the loopback address. */
export async function startS3Server(buckets: readonly string[]): Promise<S3Server> {
  const folder = mkdtempSync(path.join(tmpdir(), 'sqlens-s3-'));
  const child: ChildProcess = fork(fileURLToPath(import.meta.url), ['serve', folder, ...buckets], {
    env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --openssl-legacy-provider` },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const [port] = await once(child, 'message');
  return {
    endpoint: `http://127.0.0.1:${port}`,
    folder,
    close: async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function serve(directory: string, buckets: readonly string[]): Promise<void> {
  const configureBuckets = buckets.map((name) => ({ name }));
  const server = new S3rver({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets });
  const { port } = await server.run();
  // Ends with the test, however that ends.
  process.on('disconnect', () => process.exit(0));
  process.send?.(port);
}

const [, , command, directory, ...buckets] = process.argv;
if (command === 'serve' && directory !== undefined && process.send !== undefined)
  await serve(directory, buckets);
