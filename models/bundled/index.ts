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
    // 'advanced' keeps numbers as they are: JSON would send NaN as null.
    const entry = childEntry(import.meta.url, './traffic-signs/generator-process');
    const child = fork(entry, { serialization: 'advanced' });
    const abort = () => {
      child.kill('SIGKILL');
      reject(signal?.reason);
    };
    signal?.addEventListener('abort', abort, { once: true });
    const settle = (report: Exclude<Report, { kind: 'progress' }>) => {
      signal?.removeEventListener('abort', abort);
      if (child.connected) child.disconnect();
      if (report.kind === 'written') return resolve({ created: report.created, images: report.images });
      reject(
        new SqlensError({
          sqlState: SqlState.ioError,
          message: `the sample images could not be generated: ${report.message}`,
          hint: report.hint ?? 'Check that the folder can be written and has space, or start with --empty.',
        }),
      );
    };
    child.on('message', (report) => {
      if (!isReport(report)) return;
      if (report.kind === 'progress') onProgress?.(report.done, report.total);
      else settle(report);
    });
    child.once('error', (error) => settle({ kind: 'failed', message: error.message, hint: undefined }));
    child.once('exit', (code, signalName) => {
      const message = `the process ended with ${signalName ?? `code ${code}`}`;
      settle({ kind: 'failed', message, hint: undefined });
    });
    child.send(order);
  });
}
