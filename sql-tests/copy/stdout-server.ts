/** A server in a process of its own, whose standard output its parent reads. Everything below / is allowed to SQL. */
import { readConfig } from '../../server/config.ts';
import { startServer } from '../../server/start.ts';
import { silentLogger } from '../../udf-registry/logger.ts';

const [dataDir = ''] = process.argv.slice(2);
const flags = ['--port', '0', '--http-port', '0', '--empty', '--workers', '1', '--data-dir', dataDir];
const config = readConfig([...flags, '--allow-path', '/'], {});
const server = await startServer(config, { logger: silentLogger, onProgress: () => undefined });
process.send?.({ port: server.pgAddress.port });
process.once('message', () => {
  void server.close().then(() => process.disconnect());
});
