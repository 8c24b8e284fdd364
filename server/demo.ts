/** The tour that `npm run demo` gives: real statements over the socket, printed with their rows. */
import pg from 'pg';
import { bundledModel } from '../models/bundled/index.ts';
import { quoteLiteral } from './query/text/tokens.ts';
import { SAMPLE_TABLE } from './samples.ts';
import type { RunningServer } from './start.ts';

/** What an analyst and a data scientist type, with files that come with SQLens and names that are nobody else's. */
function statements(server: Pick<RunningServer, 'samplesPath'>): string[] {
  const folder = quoteLiteral(`${server.samplesPath}/${SAMPLE_TABLE}/`);
  return [
    `SELECT uri, my_object_recognition_function(image) AS objects FROM traffic_imgs LIMIT 3`,
    `SELECT label, count(*), avg((objects[1].class = label)::int) AS accuracy
FROM (SELECT label, my_object_recognition_function(image) AS objects FROM traffic_imgs)
GROUP BY label ORDER BY label`,
    `CREATE OR REPLACE MODEL demo_sign FROM ${quoteLiteral(bundledModel.path)}
OPTIONS (preprocess = 'none', labels = ${quoteLiteral(bundledModel.labelsPath)}, top_k = 2)`,
    `CREATE OR REPLACE EXTERNAL TABLE demo_photos OPTIONS (format = 'image', uris = [${folder}])`,
    `CREATE OR REPLACE TABLE demo_flagged AS
SELECT uri, label, demo_sign(image)[1].class AS seen FROM demo_photos WHERE demo_sign(image)[1].class IN ('stop', 'yield')`,
    `SELECT seen, count(*), avg((seen = label)::int) AS correct FROM demo_flagged GROUP BY seen ORDER BY seen`,
    `SELECT label, image_info(image) AS info FROM demo_photos ORDER BY uri LIMIT 2`,
    `SELECT name, function, returns, format, parameter_count FROM sqlens.models ORDER BY name`,
    `DROP TABLE demo_flagged`,
    `DROP EXTERNAL TABLE demo_photos`,
    `DROP MODEL demo_sign`,
  ];
}

/** @throws when a statement fails: the demo must not look well when it is not */
export async function runDemo(
  server: Pick<RunningServer, 'pgAddress' | 'samplesPath'>,
  print: (text: string) => void,
): Promise<void> {
  const { address, port } = server.pgAddress;
  const client = new pg.Client({ host: address, port, user: 'demo', database: 'sqlens' });
  await client.connect();
  try {
    for (const sql of statements(server)) {
      print(`sqlens=> ${sql.replaceAll('\n', '\n         ')};\n`);
      const started_ms = performance.now();
      const result = await client.query({
        text: sql,
        rowMode: 'array',
        types: { getTypeParser: () => String },
      });
      const duration_ms = Math.round(performance.now() - started_ms);
      const names = result.fields.map((field) => field.name);
      if (names.length > 0) {
        print(
          table(
            names,
            result.rows.map((row: unknown[]) => row.map(cell)),
          ),
        );
      }
      const count = names.length === 0 ? '' : `${result.rows.length} rows, `;
      print(`(${count}${duration_ms} ms)\n\n`);
    }
  } finally {
    await client.end();
  }
}

const MAX_CELL_LENGTH = 100;

function cell(value: unknown): string {
  const text = value === null ? '' : String(value);
  return text.length > MAX_CELL_LENGTH ? `${text.slice(0, MAX_CELL_LENGTH - 1)}…` : text;
}

function table(names: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = names.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    ` ${cells.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')}\n`;
  return `${line(names)}${widths.map((width) => '-'.repeat(width + 2)).join('+')}\n${rows.map(line).join('')}`;
}
