/** A server that is killed while its mirror runs: argument 2 is the data directory; prints the process id of the mirror's. */
import { ask, ENDLESS, openMirror } from './mirror.testing.ts';

const { mirror } = await openMirror({ dataDir: process.argv[2] ?? '' });
await mirror.start();
// Busy, so that it cannot read that the pipe has closed.
void ask(mirror, ENDLESS).catch(() => undefined);
process.send?.(mirror.stats().pid);
setInterval(() => undefined, 1000);
