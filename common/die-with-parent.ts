import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * Looks once a second whether the process that forked this one still lives. It is a thread of its own because a graph
 * that never ends blocks the main one for ever, and then nobody would read that the channel has closed. Plain
 * JavaScript in a string: under a TypeScript loader a file would be compiled again in every worker.
 */
const WATCH = `
  const { workerData } = require('node:worker_threads');
  setInterval(() => {
    if (process.ppid !== workerData.parent_pid) process.kill(process.pid, 'SIGKILL');
  }, 1000);
`;

/**
 * Ends this process, in whatever state it is, when the one that forked it goes away.
 *
 * @returns when the watching thread runs. Wait for it before anything heavy: compiling WebAssembly while the thread
 *   started hung for good once in a hundred processes.
 */
export async function dieWithParent(): Promise<void> {
  const end = () => process.kill(process.pid, 'SIGKILL');
  process.on('disconnect', end);
  // A terminal sends ^C to the whole group; the server decides when its workers go.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  if (!process.connected) end();
  const thread = new Worker(WATCH, {
    eval: true,
    execArgv: [],
    workerData: { parent_pid: process.ppid },
    resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  thread.unref();
  // Without the thread this process still ends with the channel, if not in an endless graph.
  await once(thread, 'online').catch(() => undefined);
}
