/** SQLens for `bench -- wire`, in a process of its own; the first argument is its data directory. */
import { readConfig } from '../server/config.ts';
import { startServer } from '../server/start.ts';
import { silentLogger } from '../udf-registry/logger.ts';
import type { ServerReport } from './wire-engines.ts';

const [, , dataDir = ''] = process.argv;
const server = await startServer(
  readConfig(
    ['--data-dir', dataDir, '--port', '0', '--http-port', '0', '--empty', '--log-level', 'silent'],
    {},
  ),
  { logger: silentLogger, onProgress: () => undefined },
);
const report: ServerReport = { port: server.pgAddress.port };
process.send?.(report);
process.on('message', () => void stop());
process.on('disconnect', () => void stop());

async function stop(): Promise<void> {
  await server.close();
  process.exit(0);
}
