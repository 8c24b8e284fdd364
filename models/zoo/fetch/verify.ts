/** Whether a file of weights is the one that Keras published. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { WeightsFile } from '../named-model.ts';

/** Every HDF5 file begins with it. */
const HDF5_SIGNATURE = Buffer.from([0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]);

/**
 * Reads the whole file. Where Keras publishes no hash, only that it is an HDF5 file is checked: what a login page or a
 * proxy answers is not.
 *
 * @throws SqlensError XX001 when it is not what Keras published
 */
export async function verifyWeights(path: string, weights: WeightsFile, signal?: AbortSignal): Promise<void> {
  if (!(await isHdf5(path))) {
    throw new WrongContent(`${weights.file} is not an HDF5 file`);
  }
  if (weights.hash === undefined) return;
  const { algorithm, digest } = weights.hash;
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) hash.update(chunk);
  const actual = hash.digest('hex');
  if (actual === digest) return;
  throw new WrongContent(
    `${weights.file} is not the file that Keras published: its ${algorithm} is ${actual}, not ${digest}`,
  );
}

/** The content is another than Keras'. */
export class WrongContent extends SqlensError {
  constructor(message: string) {
    super({
      sqlState: SqlState.dataCorrupted,
      message,
      hint: 'It was not kept. Try again; if it happens again, see what stands between this machine and its source.',
    });
  }
}

async function isHdf5(path: string): Promise<boolean> {
  const file = await open(path, 'r');
  try {
    const start = Buffer.alloc(HDF5_SIGNATURE.length);
    const { bytesRead } = await file.read(start, 0, start.length, 0);
    return bytesRead === start.length && start.equals(HDF5_SIGNATURE);
  } finally {
    await file.close();
  }
}
