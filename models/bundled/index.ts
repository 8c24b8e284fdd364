/**
 * What comes with SQLens, so that its first start has something to ask: a small Keras model for traffic signs and
 * the images to ask it about.
 */

import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { childEntry } from '../../common/child-entry.ts';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { WrittenImages } from './traffic-signs/generator.ts';
import { isReport, type Order, type Report } from './traffic-signs/messages.ts';
import { TRAFFIC_SIGNS } from './traffic-signs/signs.ts';

export type { WrittenImages } from './traffic-signs/generator.ts';

export interface BundledModel {
  /** The model's and its function's name. */
  readonly name: string;
  /** Absolute path of the Keras file. */
  readonly path: string;
  /** Absolute path of the labels, one a line, in output order; they are also `labels`. */
  readonly labelsPath: string;
  readonly labels: readonly string[];
  readonly preprocess: 'none';
  /** Pixels of the model's square input. */
  readonly inputSize: number;
}

export const bundledModel: BundledModel = {
  name: 'my_object_recognition_function',
  path: fileURLToPath(new URL('./traffic-signs/traffic-signs.h5', import.meta.url)),
  labelsPath: fileURLToPath(new URL('./traffic-signs/labels.txt', import.meta.url)),
  labels: TRAFFIC_SIGNS,
  preprocess: 'none',
  inputSize: 64,
};

/** An image takes milliseconds; a child that is silent for so long hangs, and the first start with it. */
const SILENCE_MAX_MS = 60_000;

export interface GenerateOptions {
  /** Images of each of the 12 classes, 1 to 5,000; 20 unless given. */
  readonly perClass?: number;
  /** 0 to 2^31 - 1; 1 unless given. No seed gives an image that the model was trained on. */
  readonly seed?: number;
  /** Called as images are written. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Aborting kills the child; the half-written folder beside `dir` goes with the next call. */
  readonly signal?: AbortSignal;
}

/**
 * Fills a folder with pictures of traffic signs, `<dir>/label=<class>/IMG_<number>.jpg`. The folder appears complete
 * or not at all; one that holds images already is left as it is (`created` is false). The same seed gives the same
 * images on the same platform.
 *
 * The drawing happens in a child process: it is seconds of work for the JS thread, and it needs sharp's SVG loader,
 * which a process that decodes users' images keeps blocked.
 *
 * @throws SqlensError when the folder holds something else, cannot be written, or an option is out of range; the
 *   signal's reason when aborted
 */
export function generateTrafficImages(dir: string, options: GenerateOptions = {}): Promise<WrittenImages> {
  const { perClass = 20, seed = 1, onProgress, signal } = options;
  const order: Order = { dir, perClass, seed };
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const entry = childEntry(import.meta.url, './traffic-signs/generator-process');
    // 'advanced' keeps numbers as they are: JSON would send NaN as null.
    const child = fork(entry, { serialization: 'advanced' });
    let outcome: Outcome | undefined;
    // The promise settles when the child is gone, so that nobody still writes when the caller tries again.
    const conclude = (news: Outcome) => {
      outcome ??= news;
      child.kill('SIGKILL');
    };
    const abort = () => conclude({ kind: 'aborted' });
    signal?.addEventListener('abort', abort, { once: true });
    const hung = failure(`no progress for ${SILENCE_MAX_MS / 1000} s`);
    const silence = setTimeout(() => conclude(hung), SILENCE_MAX_MS);
    const settle = (last: Outcome) => {
      clearTimeout(silence);
      signal?.removeEventListener('abort', abort);
      if (last.kind === 'written') resolve({ created: last.created, images: last.images });
      else reject(last.kind === 'aborted' ? signal?.reason : generationError(last));
    };
    child.on('message', (report) => {
      if (!isReport(report) || outcome !== undefined) return;
      silence.refresh();
      if (report.kind === 'progress') onProgress?.(report.done, report.total);
      else conclude(report);
    });
    child.once('error', (error) => settle(failure(error.message)));
    child.once('close', (code, killer) =>
      settle(outcome ?? failure(`the process ended with ${killer ?? `code ${code}`}`)),
    );
    child.send(order);
  });
}

type Outcome = Exclude<Report, { kind: 'progress' }> | { readonly kind: 'aborted' };

type Failure = Extract<Report, { kind: 'failed' }>;

function failure(message: string): Failure {
  return { kind: 'failed', message, hint: undefined };
}

function generationError({ message, hint }: Failure): SqlensError {
  return new SqlensError({
    sqlState: SqlState.ioError,
    message: `the sample images could not be generated: ${message}`,
    hint: hint ?? 'Check that the folder can be written and has space, or start with --empty.',
  });
}
