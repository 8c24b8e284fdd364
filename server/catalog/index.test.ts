import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { elementOid } from '../pgwire/types/pg-type.ts';
import { createCatalog, type TestCatalog } from './catalog.testing.ts';
import { catalogStatement } from './index.ts';
import { ARRAY_TYPES } from './type-names.ts';

let catalog: TestCatalog;
before(async () => {
  catalog = await createCatalog();
});
after(() => catalog.close());

/** The list that \d and its kin send, abbreviated: what distinguishes it is its columns, relation and conditions. */
function relationList(kinds: string, conditions = "AND n.nspname <> 'pg_catalog'", columns = ''): string {
  return `SELECT n.nspname as "Schema",
  c.relname as "Name",
  CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' END as "Type",
  pg_catalog.pg_get_userbyid(c.relowner) as "Owner"${columns}
FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN (${kinds}) ${conditions}
  AND pg_catalog.pg_table_is_visible(c.oid)
ORDER BY 1,2;`;
}

test('\\d lists the relations of public and sqlens, each with its kind', async () => {
  const { columns, rows } = await catalog.ask(relationList("'r','p','v','m','S','f',''"));
  assert.deepEqual(columns, ['Schema', 'Name', 'Type', 'Owner']);
  assert.deepEqual(
    rows.map(([schema, name, type]) => [schema, name, type]),
    [
      ['public', 'Orders', 'table'],
      ['public', 'cheap', 'view'],
      ['public', 'kinds', 'table'],
      ['public', 'lines', 'table'],
      ['public', 'numbers', 'sequence'],
      ['public', 'photos', 'foreign table'],
      ['sqlens', 'functions', 'view'],
      ['sqlens', 'image_tables', 'view'],
    ],
  );
});

test('a comment in front, as newer versions of psql write one, changes nothing', async () => {
  const plain = await catalog.ask(relationList("'r',''"));
  const commented = await catalog.ask(`/* Get matching relations */\n${relationList("'r',''")}`);
  assert.deepEqual(commented, plain);
});

test('each kind has its own list', async () => {
  const names = async (kinds: string) =>
    (await catalog.ask(relationList(kinds))).rows.map(([, name]) => name);
  assert.deepEqual(await names("'r','p',''"), ['Orders', 'kinds', 'lines']);
  assert.deepEqual(await names("'f',''"), ['photos']);
  assert.deepEqual(await names("'S',''"), ['numbers']);
  assert.deepEqual(await names("'m',''"), []);
});

test('\\di+ names tables, and columns we know nothing of are NULL', async () => {
  const more = `,
  c2.relname as "Table",
  am.amname as "Access method",
  pg_catalog.obj_description(c.oid, 'pg_class') as "Description"`;
  const { columns, rows } = await catalog.ask(relationList("'i','I',''", '', more));
  assert.deepEqual(columns.slice(4), ['Table', 'Access method', 'Description']);
  assert.deepEqual(
    rows.map((row) => [row[1], ...row.slice(4)]),
    [
      ['Orders_code_key', 'Orders', null, null],
      ['Orders_id_pkey', 'Orders', null, null],
      ['by_price', 'Orders', null, null],
    ],
  );
});

test('a pattern matches whole names without regard to case, and a schema reaches beyond the search path', async () => {
  const list = (conditions: string) =>
    catalog.ask(relationList("'r',''", conditions).replace('AND pg_catalog.pg_table_is_visible(c.oid)', ''));
  const byName = await list(`AND c.relname OPERATOR(pg_catalog.~) '^(ord.*)$' COLLATE pg_catalog.default`);
  assert.deepEqual(
    byName.rows.map((row) => row[1]),
    ['Orders'],
  );
  const bySchema = await list(`AND n.nspname OPERATOR(pg_catalog.~) '^(shop)$' COLLATE pg_catalog.default`);
  assert.deepEqual(
    bySchema.rows.map((row) => row[1]),
    ['stock'],
  );
});

test('only a query that asks for system objects sees them', async () => {
  const schemasOf = async (conditions: string) =>
    new Set((await catalog.ask(relationList("'r','v'", conditions))).rows.map(([schema]) => schema));
  assert.deepEqual(await schemasOf("AND n.nspname <> 'pg_catalog'"), new Set(['public', 'sqlens']));
  assert.ok((await schemasOf('')).has('pg_catalog'));
});

test('temporary tables are listed in pg_temp and hide others of their name', async () => {
  await catalog.connection.run('CREATE TEMP TABLE lines (x INTEGER)');
  try {
    const { rows } = await catalog.ask(relationList("'r',''"));
    assert.deepEqual(
      rows.map(([schema, name]) => `${schema}.${name}`),
      ['pg_temp.lines', 'public.Orders', 'public.kinds'],
    );
  } finally {
    await catalog.connection.run('DROP TABLE temp.lines');
  }
});

test('\\l has the one database, whatever columns a version asks for', async () => {
  const { columns, rows } = await catalog.ask(`SELECT d.datname as "Name",
    pg_catalog.pg_encoding_to_char(d.encoding) as "Encoding",
    CASE d.datlocprovider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' END AS "Locale Provider",
    d.datlocale as "Locale"
    FROM pg_catalog.pg_database d ORDER BY 1;`);
  assert.deepEqual(columns, ['Name', 'Encoding', 'Locale Provider', 'Locale']);
  assert.deepEqual(rows, [['sqlens', 'UTF8', 'libc', null]]);
});

test('\\dn lists schemas, the server’s own only with S', async () => {
  const list = (where: string) =>
    `SELECT n.nspname AS "Name", pg_catalog.pg_get_userbyid(n.nspowner) AS "Owner"
     FROM pg_catalog.pg_namespace n ${where} ORDER BY 1;`;
  const names = async (where: string) => (await catalog.ask(list(where))).rows.map(([name]) => name);
  const user = "WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
  assert.deepEqual(await names(user), ['public', 'shop', 'sqlens']);
  assert.deepEqual(await names(''), [
    'information_schema',
    'main',
    'pg_catalog',
    'public',
    'shop',
    'sqlens',
    'sqlens_internal',
  ]);
});

function functionList(where: string): string {
  return `SELECT n.nspname as "Schema", p.proname as "Name",
    pg_catalog.pg_get_function_result(p.oid) as "Result data type",
    pg_catalog.pg_get_function_arguments(p.oid) as "Argument data types",
    CASE p.prokind WHEN 'a' THEN 'agg' ELSE 'func' END as "Type"
    FROM pg_catalog.pg_proc p LEFT JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    WHERE ${where} pg_catalog.pg_function_is_visible(p.oid) ORDER BY 1, 2, 4;`;
}

test('\\df lists models’ functions and macros, and nothing internal', async () => {
  assert.deepEqual((await catalog.ask(functionList(''))).rows, [
    ['public', 'label', 'STRUCT(class VARCHAR)[]', 'image', 'func'],
    ['public', 'score', 'real', 'image', 'func'],
    ['public', 'twice', null, 'x', 'func'],
    ['sqlens', 'read_images', 'TABLE', 'pattern', 'func'],
  ]);
  assert.deepEqual((await catalog.ask(functionList("(\n p.prokind = 'a'\n ) AND"))).rows, []);
  await catalog.connection.run('CREATE MACRO shop.hidden(x) AS x');
  const hidden = await catalog.ask(functionList("p.proname OPERATOR(pg_catalog.~) '^(hidden)$' AND"));
  assert.deepEqual(hidden.rows, []);
  const named = await catalog.ask(functionList("p.proname OPERATOR(pg_catalog.~) '^(s.*)$' AND"));
  assert.deepEqual(
    named.rows.map((row) => row[1]),
    ['score'],
  );
});

test('\\dT+ lists created types with their labels', async () => {
  const { rows } = await catalog.ask(`SELECT n.nspname as "Schema",
    pg_catalog.format_type(t.oid, NULL) AS "Name", t.typname AS "Internal name",
    pg_catalog.array_to_string(ARRAY(SELECT e.enumlabel FROM pg_catalog.pg_enum e), E'\\n') AS "Elements"
    FROM pg_catalog.pg_type t LEFT JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    WHERE (t.typrelid = 0 OR true) AND pg_catalog.pg_type_is_visible(t.oid) ORDER BY 1, 2;`);
  assert.deepEqual(rows, [['public', 'mood', 'mood', 'sad\nglad']]);
});

test('\\du shows who is connected', async () => {
  const session = { user: "o'hara", database: 'sqlens', processId: 7, setting: () => undefined };
  const { columns, rows } = await catalog.ask(
    `SELECT r.rolname, r.rolsuper, r.rolconnlimit, ARRAY(SELECT b.rolname FROM pg_catalog.pg_roles b) as memberof
     , r.rolreplication FROM pg_catalog.pg_roles r WHERE r.rolname !~ '^pg_' ORDER BY 1;`,
    session,
  );
  assert.deepEqual(columns, ['rolname', 'rolsuper', 'rolconnlimit', 'memberof', 'rolreplication']);
  assert.deepEqual(rows, [["o'hara", false, -1, [], false]]);
});

test('\\dx and others that ask for what there is not get the columns they asked for, and no rows', async () => {
  const { columns, rows } = await catalog.ask(
    `SELECT e.extname AS "Name", e.extversion AS "Version", n.nspname AS "Schema"
     FROM pg_catalog.pg_extension e LEFT JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace ORDER BY 1;`,
  );
  assert.deepEqual(columns, ['Name', 'Version', 'Schema']);
  assert.deepEqual(rows, []);
});

test('postgres.js learns the array types that reach the wire', async () => {
  const { columns, rows } = await catalog.ask(`select b.oid, b.typarray from pg_catalog.pg_type a
    left join pg_catalog.pg_type b on b.oid = a.typelem where a.typcategory = 'A'
    group by b.oid, b.typarray order by b.oid`);
  assert.deepEqual(columns, ['oid', 'typarray']);
  assert.deepEqual(rows, ARRAY_TYPES);
  for (const [element, array] of ARRAY_TYPES) assert.equal(elementOid(array), element);
});

test('Tab completes tables, schemas, columns and functions', async () => {
  const tables = await catalog.ask(`SELECT c.relname, NULL::pg_catalog.text FROM pg_catalog.pg_class c
    WHERE c.relkind IN ('r', 'f') AND (c.relname) LIKE 'p%' AND pg_catalog.pg_table_is_visible(c.oid)
    UNION ALL SELECT NULL::pg_catalog.text, n.nspname FROM pg_catalog.pg_namespace n WHERE n.nspname LIKE 'p%'
    LIMIT 1000`);
  assert.deepEqual(tables.rows, [
    ['photos', null],
    [null, 'public'],
  ]);
  const columns = await catalog.ask(`SELECT a.attname, NULL::pg_catalog.text
    FROM pg_catalog.pg_attribute a, pg_catalog.pg_class c WHERE c.oid = a.attrelid
    AND (a.attname) LIKE '%' AND c.relname = 'orders' AND pg_catalog.pg_table_is_visible(c.oid) LIMIT 1000`);
  assert.deepEqual(
    columns.rows.map(([name]) => name),
    ['code', 'id', 'price'],
  );
  const functions = await catalog.ask(`SELECT p.proname, NULL::pg_catalog.text FROM pg_catalog.pg_proc p
    WHERE p.prokind != 'p' AND (p.proname) LIKE 'l%' LIMIT 1000`);
  assert.deepEqual(functions.rows, [['label', null]]);
});

test('a query that asks for something else besides is not answered as if it did not', () => {
  const unknown = [
    relationList("'r'", 'AND c.reltuples > 100'),
    'SELECT c.oid, n.nspname, c.relname FROM pg_class c, pg_namespace n WHERE c.relhasoids',
    'SELECT c.relname, d.description FROM pg_class c LEFT JOIN pg_description d ON d.objoid = c.oid',
    'SELECT count(*) FROM pg_catalog.pg_trigger',
    'SELECT c.relname FROM pg_trigger t RIGHT JOIN pg_class c ON c.oid = t.tgrelid',
    'SELECT coalesce(max(t.oid), (SELECT 1)) FROM pg_trigger t',
    'SELECT tgname FROM pg_trigger UNION ALL SELECT relname FROM pg_class',
    'SELECT * FROM pg_catalog.pg_class',
    'SELECT * FROM pg_trigger',
    "SELECT 'pg_class' AS pg_class, 1 AS one",
    'SELECT pg_catalog FROM orders',
    'SELECT uri FROM photos',
    "SELECT 'unterminated pg_class",
    '',
  ];
  for (const sql of unknown) assert.equal(catalogStatement(sql), undefined, sql);
});

test('a pattern is data, whatever stands in it', async () => {
  const { rows } = await catalog.ask(
    relationList(
      "'r'",
      "AND c.relname OPERATOR(pg_catalog.~) '^(x'' OR true --)$' COLLATE pg_catalog.default",
    ),
  );
  assert.deepEqual(rows, []);
});
