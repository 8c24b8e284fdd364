/** The tour that `npm run demo` gives: real statements over the socket, printed with their rows. */
import type { AddressInfo } from 'node:net';
import pg from 'pg';

const STATEMENTS = [
  'SELECT uri, my_object_recognition_function(image) AS objects FROM traffic_imgs LIMIT 3',
  `SELECT label, count(*), avg((objects[1].class = label)::int) AS accuracy
FROM (SELECT label, my_object_recognition_function(image) AS objects FROM traffic_imgs)
GROUP BY label ORDER BY label`,
  `SELECT avg((my_object_recognition_function(image)[1].class = label)::int) AS accuracy FROM traffic_imgs`,
  `CREATE TEMP TABLE stops AS
SELECT uri, label FROM traffic_imgs WHERE my_object_recognition_function(image)[1].class = 'stop'`,
  'SELECT label, count(*) FROM stops GROUP BY label',
  'SELECT label, image_info(image) AS info FROM traffic_imgs ORDER BY uri LIMIT 2',
  'SHOW MODELS',
];

/** @throws when a statement fails: the demo must not look well when it is not */
export async function runDemo(address: AddressInfo, print: (text: string) => void): Promise<void> {
  const client = new pg.Client({
    host: address.address,
    port: address.port,
    user: 'demo',
    database: 'sqlens',
  });
  await client.connect();
  try {
    for (const sql of STATEMENTS) {
      print(`sqlens=> ${sql.replaceAll('\n', '\n         ')};\n`);
      const started_ms = performance.now();
      const result = await client.query({
        text: sql,
        rowMode: 'array',
        types: { getTypeParser: () => String },
      });
      const duration_ms = Math.round(performance.now() - started_ms);
      const names = result.fields.map((field) => field.name);
      if (names.length > 0)
        print(
          table(
            names,
            result.rows.map((row: unknown[]) => row.map(cell)),
          ),
        );
      print(`${result.command} ${result.rowCount ?? ''} (${duration_ms} ms)\n\n`);
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
