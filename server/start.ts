/** Puts a server together from its configuration, and takes it down again in the opposite order. */
import { realpath, stat } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../common/errors.ts';
import type { LocationPolicy } from '../image-source/api.ts';
import { Locations } from '../image-source/index.ts';
import { bundledModel } from '../models/bundled/index.ts';
import { createInference, type Logger } from '../udf-registry/inference.ts';
import { createAdminServer } from './admin/index.ts';
import { createSqlAdminBackend } from './admin/sql-backend.ts';
import { EngineBackend } from './backend.ts';
import { createCatalogPorts } from './catalog/ports.ts';
import type { Config } from './config.ts';
import { type DataDir, openDataDir } from './data-dir.ts';
import { createWireServer, OverflowSpace } from './pgwire/index.ts';
import { Engine } from './query/engine/engine.ts';
import { setUpSamples } from './samples.ts';
import { Security } from './security.ts';
import { type NamedModelSources, ServerNamedModels } from './zoo/named-models.ts';

export interface RunningServer {
  readonly pgAddress: AddressInfo;
  readonly httpAddress: AddressInfo;
  /** Real path of the folder that holds the generated images. */
  readonly samplesPath: string;
  /** Reads certificate and users again; undefined when there are no such files. */
  readonly reload: (() => void) | undefined;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly logger: Logger;
  /** One line for people about what takes a while. */
  readonly onProgress: (message: string) => void;
  /** Other named models than Keras' own, from other places: for tests. */
  readonly namedModels?: NamedModelSources;
}

export async function startServer(config: Config, options: StartOptions): Promise<RunningServer> {
  const { logger } = options;
  const undo: (() => Promise<void>)[] = [];
  const stop = async () => {
    for (let step = undo.pop(); step !== undefined; step = undo.pop()) await step();
  };
  try {
    const dataDir = await openDataDir(config.dataDir).catch((error: unknown) => {
      throw error instanceof SqlensError ? error : unusableDataDir(config.dataDir, error);
    });
    undo.push(() => dataDir.unlock());
    const policy = await locationPolicy(config, dataDir);
    const locations = new Locations(policy);
    undo.push(async () => locations.close());
    const inference = createInference({ workers: config.workers, threads: config.threads, policy, logger });
    undo.push(() => inference.close());
    const ownFiles = [bundledModel.path, bundledModel.labelsPath, dataDir.uploadsPath];
    const engine = await Engine.open({
      dataDir: dataDir.path,
      // Of what the server itself may read, SQL's own file functions get only the folders.
      allowedPaths: policy.allowedPaths.filter((allowed) => !ownFiles.includes(allowed)),
      locations,
      inference,
      namedModels: await ServerNamedModels.open(dataDir.path, logger, options.namedModels),
      logger,
      memory_bytes: config.engineMemory_bytes,
      engineThreads: config.engineThreads,
    });
    undo.push(() => engine.close());
    const ports = createCatalogPorts({
      dataDir: dataDir.path,
      withConnection: (work) => engine.withUtility(work),
      logger,
    });
    const security = new Security(config, logger);
    const backend = new EngineBackend(engine, ports, () => security.logins);
    undo.push(() => backend.close());
    const wire = createWireServer({
      backend,
      host: config.host,
      port: config.port,
      tls: security.tls,
      requireTls: config.requireTls,
      passwords: security.passwords,
      limits: { maxConnections: config.maxConnections },
      overflow: new OverflowSpace(dataDir.tmpPath),
      logger,
    });
    const admin = createAdminServer({
      backend: createSqlAdminBackend({
        backend,
        queries: engine.queries,
        inference,
        errors: engine.errors,
        answers: engine.registry.stores,
        connections: () => wire.connectionCount,
      }),
      host: config.httpHost,
      port: config.httpPort,
      token: config.httpToken,
      loginsNeedPassword: security.passwords !== undefined,
      tmpDir: dataDir.uploadsPath,
      logger,
    });
    // After the checks of what servers are made from, so that a mistake in the options is told at once.
    if (!config.empty) await setUpSamples(backend, dataDir, options.onProgress);
    undo.push(() => wire.close());
    const pgAddress = await wire.listen();
    security.follow(wire);
    undo.push(async () => security.close());
    undo.push(() => admin.close());
    const httpAddress = await admin.listen();
    backend.warmUp();
    const reload = security.hasFiles ? () => security.reload() : undefined;
    return { pgAddress, httpAddress, samplesPath: dataDir.samplesPath, reload, close: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function unusableDataDir(folder: string, cause: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.ioError,
    message: `the data directory ${path.resolve(folder)} cannot be used: ${messageOf(cause)}`,
    hint: 'Choose a folder that this user may write in with --data-dir.',
    cause,
  });
}

async function locationPolicy(config: Config, dataDir: DataDir): Promise<LocationPolicy> {
  const allowedPaths: string[] = [];
  for (const folder of config.allowPaths) {
    const real = await realpath(folder).catch((error: unknown) => {
      throw new SqlensError({
        sqlState: SqlState.undefinedFile,
        message: `--allow-path ${path.resolve(folder)} cannot be used: ${messageOf(error)}`,
        hint: 'Name a folder that is there; relative ones begin at the folder that the server is started in.',
        cause: error,
      });
    });
    if (!(await stat(real)).isDirectory()) {
      throw new SqlensError({
        sqlState: SqlState.invalidParameterValue,
        message: `--allow-path ${path.resolve(folder)} is not a folder`,
        hint: `Name the folder that it is in: --allow-path ${path.dirname(path.resolve(folder))}`,
      });
    }
    allowedPaths.push(real);
  }
  return {
    allowedPaths: [
      ...allowedPaths,
      dataDir.samplesPath,
      dataDir.uploadsPath,
      bundledModel.path,
      bundledModel.labelsPath,
    ],
    deniedPaths: dataDir.privatePaths,
    allowedBuckets: config.allowBuckets,
    allowHttp: config.allowHttp,
    s3: {
      endpoint: config.s3Endpoint,
      region: config.s3Region,
      forcePathStyle: config.s3Endpoint !== undefined,
    },
  };
}
