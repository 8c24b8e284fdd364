import { mkdir, readdir, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { photograph } from './camera.ts';
import { Random, type Split, streamKey } from './random.ts';
import { drawScene } from './scene.ts';
import { TRAFFIC_SIGNS, type TrafficSign } from './signs.ts';

const PER_CLASS_MAX = 5_000;
const SEED_MAX = 2 ** 31 - 1;
/** Renderings under way at once; sharp runs them on libuv's threads. */
const IN_FLIGHT = 4;

export interface WriteOptions {
  readonly split: Split;
  /** Images of each class, 1 to 5,000. */
  readonly perClass: number;
  /** 0 to 2^31 - 1. */
  readonly seed: number;
  /** Called after each image with how many are written. */
  readonly onProgress?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
}

export interface WrittenImages {
  /** False when the folder was there already and has been left as it was. */
  readonly created: boolean;
  /** Files in the folder's `label=…/` folders. */
  readonly images: number;
}

/** The JPEG of one image of a split: a function of its arguments alone (and of the installed sharp). */
export async function renderTrafficImage(
  split: Split,
  seed: number,
  sign: TrafficSign,
  index: number,
): Promise<Buffer> {
  const random = new Random(streamKey(split, seed, TRAFFIC_SIGNS.indexOf(sign), index));
  return photograph(drawScene(sign, random), random);
}

/** A camera's numbering: signs come by in turns, and some shots in between were deleted. */
export function imageName(sign: TrafficSign, index: number): string {
  const shot = index * TRAFFIC_SIGNS.length + TRAFFIC_SIGNS.indexOf(sign);
  const skipped = new Random(`name/${shot}`).integer(0, 2);
  return `IMG_${String(1001 + shot * 3 + skipped).padStart(4, '0')}.jpg`;
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `${name} is ${value}`,
    hint: `Give a whole number from ${min} to ${max}.`,
  });
}

/** How many images a folder holds, undefined when there is no such folder; refuses one that holds anything but images, since it is somebody else's. */
async function countImages(dir: string): Promise<number | undefined> {
  const entries = await readdir(dir, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entries === undefined) return undefined;
  const images = entries.filter((entry) => entry.endsWith('.jpg')).length;
  if (images > 0 || entries.length === 0) return images;
  throw new SqlensError({
    sqlState: SqlState.duplicateObject,
    message: `the folder ${dir} holds other files than images`,
    hint: 'Choose another folder for the generated images.',
  });
}

/**
 * Writes a folder of traffic signs, `<dir>/label=<class>/<name>.jpg`, in this process. The folder appears at once,
 * complete, under its name: it is written beside it and renamed, so that a crash leaves nothing half done. A folder
 * that already holds images is left alone.
 *
 * @throws SqlensError on a number out of range, or the signal's reason when aborted; errors of the file system as they are
 */
export async function writeTrafficImages(dir: string, options: WriteOptions): Promise<WrittenImages> {
  const { split, perClass, seed, onProgress, signal } = options;
  checkRange('perClass', perClass, 1, PER_CLASS_MAX);
  checkRange('seed', seed, 0, SEED_MAX);
  const target = resolve(dir);
  const existing = await countImages(target);
  if (existing !== undefined && existing > 0) return { created: false, images: existing };

  const partial = join(dirname(target), `.${basename(target)}.partial`);
  await rm(partial, { recursive: true, force: true });
  for (const sign of TRAFFIC_SIGNS) await mkdir(join(partial, `label=${sign}`), { recursive: true });

  const jobs = TRAFFIC_SIGNS.flatMap((sign) =>
    Array.from({ length: perClass }, (_, index) => ({ sign, index })),
  );
  const queue = jobs.values();
  let done = 0;
  let failed = false;
  const work = async () => {
    for (const { sign, index } of queue) {
      if (failed) return;
      signal?.throwIfAborted();
      const jpeg = await renderTrafficImage(split, seed, sign, index);
      await writeFile(join(partial, `label=${sign}`, imageName(sign, index)), jpeg);
      done++;
      onProgress?.(done, jobs.length);
    }
  };
  const stopOthers = (error: unknown) => {
    failed = true;
    throw error;
  };
  // All have stopped before the folder goes: a late write would bring it back.
  const runs = Array.from({ length: IN_FLIGHT }, () => work().catch(stopOthers));
  const failure = (await Promise.allSettled(runs)).find((run) => run.status === 'rejected');
  if (failure) {
    await rm(partial, { recursive: true, force: true });
    throw failure.reason;
  }
  // An empty folder stands in the way of a rename on some systems; rmdir removes nothing that has content.
  if (existing !== undefined) await rmdir(target);
  await rename(partial, target);
  return { created: true, images: done };
}
