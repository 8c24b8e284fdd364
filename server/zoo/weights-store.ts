/**
 * The weights of named models, one file each, in the data directory: fetched when they are first needed, or brought there
 * by `sqlens model pull`. A file appears under its name only when it is whole and checked, so that another process may
 * put one there at any time.
 */

import { createReadStream } from 'node:fs';
import { chown, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import type { NamedModel, WeightsFile } from '../../models/zoo/catalog.ts';
import { Part } from '../../models/zoo/fetch/part.ts';
import { verifyWeights, WrongContent } from '../../models/zoo/fetch/verify.ts';
import { DOWNLOAD_LIMITS, type DownloadLimits, download } from './download.ts';
import { DownloadError, diskError } from './download-errors.ts';
import { Progress } from './progress.ts';
import { SharedWork, type Waiter } from './shared-work.ts';

/** Where a file comes from: Keras' place unless told otherwise. */
export type WeightsOrigin =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'file'; readonly path: string };

/** Below the data directory. */
export function weightsFolder(dataDir: string): string {
  return path.join(dataDir, 'named-models', 'weights');
}

export class WeightsStore {
  readonly #dataDir: string;
  readonly #limits: DownloadLimits;
  readonly #transfers = new SharedWork<string>();
  /** Paths that were checked in this process. */
  readonly #checked = new Set<string>();

  constructor(dataDir: string, limits: DownloadLimits = DOWNLOAD_LIMITS) {
    this.#dataDir = dataDir;
    this.#limits = limits;
  }

  pathOf(weights: WeightsFile): string {
    return path.join(weightsFolder(this.#dataDir), weights.file);
  }

  /** Whether the file is there; its content is checked when it is used. */
  async has(weights: WeightsFile): Promise<boolean> {
    return (await stat(this.pathOf(weights)).catch(() => undefined))?.isFile() ?? false;
  }

  /**
   * The path of a model's weights, which are fetched if they are not there: once, whoever else asks at the same time.
   *
   * @throws SqlensError saying why they are not there and what to do
   */
  async ensure(model: NamedModel, weights: WeightsFile, waiter: Waiter): Promise<string> {
    return this.#transfers.run(weights.file, waiter, async (signal, tell) => {
      if (await this.#isGood(weights, signal, tell)) return this.pathOf(weights);
      try {
        const file = await this.#bring(weights, { kind: 'url', url: weights.url }, signal, tell);
        if (weights.hash === undefined)
          tell(`Keras publishes no hash for ${weights.file}: it is taken as it came`);
        return file;
      } catch (error) {
        signal.throwIfAborted();
        throw notHere(model, weights, error);
      }
    });
  }

  /**
   * Brings a model's weights from a place that the user names, unless they are there.
   *
   * @returns whether they were there already
   */
  async pull(weights: WeightsFile, origin: WeightsOrigin, waiter: Waiter): Promise<boolean> {
    let wasThere = false;
    await this.#transfers.run(weights.file, waiter, async (signal, tell) => {
      wasThere = await this.#isGood(weights, signal, tell);
      return wasThere ? this.pathOf(weights) : this.#bring(weights, origin, signal, tell);
    });
    return wasThere;
  }

  async #isGood(
    weights: WeightsFile,
    signal: AbortSignal,
    tell: (message: string) => void,
  ): Promise<boolean> {
    const target = this.pathOf(weights);
    if (!(await this.has(weights))) return false;
    if (this.#checked.has(target)) return true;
    try {
      await verifyWeights(target, weights, signal);
      this.#checked.add(target);
      return true;
    } catch (error) {
      if (!(error instanceof WrongContent)) throw diskError(target, error) ?? error;
      tell(`${error.message}; it is replaced`);
      await rm(target, { force: true });
      return false;
    }
  }

  async #bring(
    weights: WeightsFile,
    origin: WeightsOrigin,
    signal: AbortSignal,
    tell: (message: string) => void,
  ): Promise<string> {
    const target = this.pathOf(weights);
    try {
      for (;;) {
        const part = await Part.open(target);
        const resumed_bytes = part.size_bytes;
        try {
          await this.#fill(part, weights, origin, signal, tell);
          await part.sync();
          await verifyWeights(part.path, weights, signal);
        } catch (error) {
          const isUseless = error instanceof WrongContent || isTooLarge(error) || origin.kind === 'file';
          await (isUseless ? part.discard() : part.leave());
          // What was left of an earlier transfer may have been of another file: it gets one fresh try.
          if (error instanceof WrongContent && resumed_bytes > 0) continue;
          throw error;
        }
        await part.finish(target);
        break;
      }
      await this.#giveToOwner(target);
    } catch (error) {
      throw diskError(target, error) ?? error;
    }
    this.#checked.add(target);
    return target;
  }

  async #fill(
    part: Part,
    weights: WeightsFile,
    origin: WeightsOrigin,
    signal: AbortSignal,
    tell: (message: string) => void,
  ): Promise<void> {
    switch (origin.kind) {
      case 'url': {
        const host = new URL(origin.url).host;
        const verb = part.size_bytes > 0 ? 'going on to fetch' : 'fetching';
        const progress = new Progress(`${verb} ${weights.file} from ${host}`, tell);
        const onProgress = (received_bytes: number, total_bytes: number | undefined) =>
          progress.at(received_bytes, total_bytes);
        return download(origin.url, part, { signal, limits: this.#limits, onProgress });
      }
      case 'file': {
        await part.clear();
        const total_bytes = await sizeOfFile(origin.path, weights);
        const progress = new Progress(`copying ${weights.file}`, tell);
        for await (const chunk of createReadStream(origin.path, { highWaterMark: 2 ** 20, signal })) {
          await part.append(chunk);
          progress.at(part.size_bytes, total_bytes);
        }
      }
    }
  }

  /** Root may bring files for a server that runs as somebody else: whoever owns the data directory must read them. */
  async #giveToOwner(target: string): Promise<void> {
    if (process.getuid?.() !== 0) return;
    const { uid, gid } = await stat(this.#dataDir);
    for (const made of [path.dirname(path.dirname(target)), path.dirname(target), target])
      await chown(made, uid, gid);
  }
}

async function sizeOfFile(file: string, weights: WeightsFile): Promise<number> {
  const found = await stat(file).catch((error: unknown) => {
    throw new SqlensError({
      sqlState: SqlState.undefinedFile,
      message: `${file} cannot be read: ${messageOf(error)}`,
      hint: `It must be Keras' own file, ${weights.file}, from ${weights.url}`,
      cause: error,
    });
  });
  return found.size;
}

function isTooLarge(error: unknown): boolean {
  return error instanceof DownloadError && error.sqlState === SqlState.programLimitExceeded;
}

function notHere(model: NamedModel, weights: WeightsFile, cause: unknown): unknown {
  if (!(cause instanceof SqlensError)) return cause;
  if (!(cause instanceof DownloadError) && !(cause instanceof WrongContent)) return cause;
  return new SqlensError({
    sqlState: cause.sqlState,
    message: `the weights of ${model.name} are not here, and could not be fetched: ${cause.message}`,
    detail: `They are ${weights.url}`,
    hint:
      cause instanceof WrongContent
        ? cause.hint
        : `Bring ${weights.file} to this machine, from one that has a network, and run: sqlens model pull ${model.name} --from DIR`,
    cause,
  });
}
