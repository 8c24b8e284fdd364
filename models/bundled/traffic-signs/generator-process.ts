/**
 * Entry of the child process behind `generateTrafficImages`: takes one order, sends progress, then the outcome.
 * It ends when its parent does, so that a killed server leaves no child drawing signs.
 */

import { messageOf, SqlensError } from '../../../common/errors.ts';
import { writeTrafficImages } from './generator.ts';
import { isOrder, type Report } from './messages.ts';

function send(report: Report): void {
  process.send?.(report);
}

process.on('disconnect', () => process.exit(1));

process.once('message', (order: unknown) => {
  if (!isOrder(order)) return send({ kind: 'failed', message: 'the order is malformed', hint: undefined });
  const onProgress = (done: number, total: number) => send({ kind: 'progress', done, total });
  writeTrafficImages(order.dir, { split: 'sample', perClass: order.perClass, seed: order.seed, onProgress })
    .then(({ created, images }) => send({ kind: 'written', created, images }))
    .catch((error: unknown) => {
      const hint = error instanceof SqlensError ? error.hint : undefined;
      send({ kind: 'failed', message: messageOf(error), hint });
    });
});
