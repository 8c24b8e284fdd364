/**
 * Writes `names.generated.ts`: the relations with their columns, the functions and the types that PostgreSQL has, as
 * read from the PGlite that the catalog runs on. Run `npx tsx server/catalog/routing/generate-names.ts` after an
 * update of PGlite.
 */
import { writeFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';

const LINE_LENGTH = 100;

async function list(database: PGlite, sql: string): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(sql);
  return rows.map(({ name }) => name);
}

/** Words in lines, as the inside of a template string. */
function wrapped(words: readonly string[]): string {
  const lines: string[] = [];
  let line = '';
  for (const word of words) {
    if (line !== '' && line.length + word.length + 1 > LINE_LENGTH) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join('\n');
}

const RELATIONS = (schema: string) => `
  SELECT c.relname || ':' || string_agg(a.attname, ',' ORDER BY a.attnum) AS name
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
  WHERE c.relnamespace = '${schema}'::regnamespace AND c.relkind IN ('r', 'v') GROUP BY c.relname ORDER BY 1`;

const FUNCTIONS = `
  SELECT DISTINCT proname AS name FROM pg_proc
  WHERE pronamespace = 'pg_catalog'::regnamespace AND prorettype <> 'trigger'::regtype ORDER BY 1`;

const TYPES = `
  SELECT typname AS name FROM pg_type
  WHERE typnamespace = 'pg_catalog'::regnamespace AND typrelid = 0 AND typcategory <> 'A' OR typname LIKE '%vector'
  ORDER BY 1`;

const database = new PGlite();
const [version = ''] = await list(database, "SELECT current_setting('server_version') AS name");
const constant = (name: string, doc: string, words: readonly string[]) =>
  `/** ${doc} */\nexport const ${name} = \`\n${wrapped(words)}\n\`;\n`;
const text = [
  `/** What PostgreSQL ${version} has in its catalog. Written by generate-names.ts: do not edit. */\n`,
  constant(
    'CATALOG_RELATIONS',
    'Relations of pg_catalog: name:column,column',
    await list(database, RELATIONS('pg_catalog')),
  ),
  constant(
    'INFORMATION_SCHEMA_RELATIONS',
    'Relations of information_schema: name:column,column',
    await list(database, RELATIONS('information_schema')),
  ),
  constant('FUNCTION_NAMES', 'Functions of pg_catalog.', await list(database, FUNCTIONS)),
  constant(
    'TYPE_NAMES',
    'Types of pg_catalog that are neither rows nor plain arrays.',
    await list(database, TYPES),
  ),
].join('\n');
await writeFile(new URL('./names.generated.ts', import.meta.url), text);
await database.close();
