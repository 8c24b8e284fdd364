/** What a new data directory holds, unless it is to be empty: a table of generated traffic signs and its model. */
import path from 'node:path';
import { bundledModel, generateTrafficImages } from '../models/bundled/index.ts';
import type { DataDir } from './data-dir.ts';
import type { Backend } from './query/api.ts';
import { quoteIdentifier, quoteLiteral } from './query/text/tokens.ts';
import { runStatement } from './run-statement.ts';

export const SAMPLE_TABLE = 'traffic_imgs';

/**
 * Makes the sample table and model where they are not there. Each step is whole or not at all, so an interrupted
 * first start is finished by the next.
 */
export async function setUpSamples(
  backend: Backend,
  dataDir: DataDir,
  onProgress: (message: string) => void,
): Promise<void> {
  const folder = path.join(dataDir.samplesPath, SAMPLE_TABLE);
  const { created, images } = await generateTrafficImages(folder);
  if (created) onProgress(`drew ${images} images of traffic signs for the sample table`);
  const session = await backend.openSession({
    user: 'sqlens',
    role: 'admin',
    database: 'sqlens',
    applicationName: 'samples',
    remoteAddress: 'local',
    processId: 0,
    settings: new Map(),
  });
  try {
    await runStatement(
      session,
      `CREATE EXTERNAL TABLE IF NOT EXISTS ${quoteIdentifier(SAMPLE_TABLE)}
       OPTIONS (format = 'image', uris = [${quoteLiteral(`${folder}/`)}])`,
    );
    const labels = bundledModel.labels.map(quoteLiteral).join(', ');
    await runStatement(
      session,
      `CREATE MODEL IF NOT EXISTS ${quoteIdentifier(bundledModel.name)} FROM ${quoteLiteral(bundledModel.path)}
       OPTIONS (preprocess = ${quoteLiteral(bundledModel.preprocess)}, labels = [${labels}])`,
    );
    onProgress(`sample table ${SAMPLE_TABLE} and model ${bundledModel.name} are ready`);
  } finally {
    await session.close();
  }
}
