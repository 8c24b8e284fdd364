/** A worker process that misbehaves on inputs by name: what images, decoders and graphs may do to it. */

import { openImages } from './images.ts';
import { startWorker } from './worker.ts';

startWorker({
  openImages,
  beforeInput: (input) => {
    if (input.kind === 'tensor' && input.values[0] === -666) process.kill(process.pid, 'SIGKILL');
    if (input.kind !== 'stored') return undefined;
    if (input.uri.includes('poison')) process.kill(process.pid, 'SIGKILL');
    if (input.uri.includes('stall')) return new Promise(() => undefined);
    return undefined;
  },
});
