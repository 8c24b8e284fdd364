/** For tests: all that clients can see of the mirror, by names alone, so that two mirrors can be compared. */
import type { Cells, TestMirror } from './schema.testing.ts';

const IN_SCHEMA = (column: string) =>
  `${column} IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')`;

const QUERIES: Readonly<Record<string, string>> = {
  schemas: `SELECT nspname, nspowner::regrole FROM pg_namespace WHERE ${IN_SCHEMA('oid')} ORDER BY 1`,
  relations: `SELECT oid::regclass::text, relkind, relowner::regrole, relacl, obj_description(oid, 'pg_class'),
      CASE relkind WHEN 'v' THEN pg_get_viewdef(oid) WHEN 'i' THEN pg_get_indexdef(oid) END
    FROM pg_class WHERE ${IN_SCHEMA('relnamespace')} ORDER BY 1`,
  columns: `SELECT c.oid::regclass::text, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum), a.attname,
      format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
      col_description(c.oid, a.attnum)
    FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE ${IN_SCHEMA('c.relnamespace')} AND c.relkind IN ('r', 'v', 'f') ORDER BY 1, 2`,
  constraints: `SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
    WHERE ${IN_SCHEMA('connamespace')} AND conrelid <> 0 ORDER BY 1, 2`,
  sequences: `SELECT seqrelid::regclass::text, seqstart, seqincrement, seqmin, seqmax, seqcycle FROM pg_sequence
    WHERE seqrelid IN (SELECT oid FROM pg_class WHERE ${IN_SCHEMA('relnamespace')}) ORDER BY 1`,
  types: `SELECT oid::regtype::text, typtype, format_type(typbasetype, typtypmod), obj_description(oid, 'pg_type'),
      (SELECT string_agg(enumlabel, ',' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid)
    FROM pg_type AS t WHERE ${IN_SCHEMA('typnamespace')} AND typtype IN ('e', 'd') ORDER BY 1`,
  functions: `SELECT oid::regprocedure::text, pg_get_function_arguments(oid), pg_get_function_result(oid), prosrc,
      obj_description(oid, 'pg_proc'), pg_get_functiondef(oid)
    FROM pg_proc WHERE ${IN_SCHEMA('pronamespace')} ORDER BY 1`,
  'foreign tables': 'SELECT ftrelid::regclass::text, ftoptions FROM pg_foreign_table ORDER BY 1',
};

export async function dumpCatalog(mirror: TestMirror): Promise<Record<string, Cells>> {
  const dump: Record<string, Cells> = {};
  for (const [part, sql] of Object.entries(QUERIES)) dump[part] = await mirror.cells(sql);
  return dump;
}
