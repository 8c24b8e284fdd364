import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createCatalog, type TestCatalog } from '../catalog.testing.ts';

let catalog: TestCatalog;
before(async () => {
  catalog = await createCatalog();
});
after(() => catalog.close());

const find = (name: string, where = 'AND pg_catalog.pg_table_is_visible(c.oid)') => `SELECT c.oid,
  n.nspname,
  c.relname
FROM pg_catalog.pg_class c
     LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname OPERATOR(pg_catalog.~) '^(${name})$' COLLATE pg_catalog.default
  ${where}
ORDER BY 2, 3;`;

async function oidOf(name: string): Promise<string> {
  const { columns, rows } = await catalog.ask(find(name));
  assert.deepEqual(columns, ['oid', 'nspname', 'relname']);
  assert.equal(rows.length, 1);
  return String(rows[0]?.[0]);
}

const details = (
  oid: string,
) => `SELECT c.relchecks, c.relkind, c.relhasindex, c.relhasrules, c.relhastriggers,
  c.relrowsecurity, c.relforcerowsecurity, false AS relhasoids, c.relispartition, '', c.reltablespace,
  CASE WHEN c.reloftype = 0 THEN '' ELSE c.reloftype::pg_catalog.regtype::pg_catalog.text END, c.relpersistence,
  c.relreplident, am.amname
FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am am ON (c.relam = am.oid)
WHERE c.oid = '${oid}';`;

const columns = (oid: string, more = '') => `SELECT a.attname,
  pg_catalog.format_type(a.atttypid, a.atttypmod),
  (SELECT pg_catalog.pg_get_expr(d.adbin, d.adrelid, true) FROM pg_catalog.pg_attrdef d WHERE d.adrelid = a.attrelid),
  a.attnotnull,
  (SELECT c.collname FROM pg_catalog.pg_collation c WHERE c.oid = a.attcollation) AS attcollation,
  a.attidentity, a.attgenerated${more}
FROM pg_catalog.pg_attribute a
WHERE a.attrelid = '${oid}' AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum;`;

test('\\d finds a relation by name in the search path, and by schema beyond it', async () => {
  assert.deepEqual(
    (await catalog.ask(find('orders'))).rows.map((row) => row.slice(1)),
    [['public', 'Orders']],
  );
  assert.deepEqual((await catalog.ask(find('stock'))).rows, []);
  const inShop = await catalog.ask(find('stock', "AND n.nspname OPERATOR(pg_catalog.~) '^(shop)$'"));
  assert.deepEqual(
    inShop.rows.map((row) => row.slice(1)),
    [['shop', 'stock']],
  );
  assert.deepEqual((await catalog.ask(find('nosuch'))).rows, []);
});

test('an oid stays the same while the server runs', async () => {
  const first = await oidOf('orders');
  await catalog.connection.run('CREATE TABLE later (x INTEGER); DROP TABLE later');
  assert.equal(await oidOf('orders'), first);
});

test('details come in the places where psql looks for them', async () => {
  const kinds: Record<string, string> = { orders: 'r', photos: 'f', cheap: 'v', numbers: 'S', by_price: 'i' };
  for (const [name, kind] of Object.entries(kinds)) {
    const { rows } = await catalog.ask(details(await oidOf(name)));
    assert.equal(rows[0]?.[1], kind, name);
  }
  const [row] = (await catalog.ask(details(await oidOf('orders')))).rows;
  const expected = [1n, 'r', true, false, true, false, false, false, false, '', 0, '', 'p', 'd', null];
  assert.deepEqual(row, expected);
});

test('columns have PostgreSQL’s type names, or DuckDB’s where PostgreSQL has no such type', async () => {
  const { rows } = await catalog.ask(columns(await oidOf('kinds')));
  assert.deepEqual(
    rows.map(([name, type]) => [name, type]),
    [
      ['b', 'boolean'],
      ['i1', 'tinyint'],
      ['i2', 'smallint'],
      ['i4', 'integer'],
      ['i8', 'bigint'],
      ['u8', 'ubigint'],
      ['h', 'hugeint'],
      ['f4', 'real'],
      ['f8', 'double precision'],
      ['n', 'numeric(10,2)'],
      ['s', 'character varying'],
      ['x', 'bytea'],
      ['d', 'date'],
      ['t', 'time without time zone'],
      ['tz', 'timestamp with time zone'],
      ['ts', 'timestamp without time zone'],
      ['ns', 'timestamp_ns'],
      ['iv', 'interval'],
      ['id', 'uuid'],
      ['j', 'json'],
      ['bits', 'bit varying'],
      ['e', "ENUM('sad', 'glad')"],
      ['l', 'real[]'],
      ['ll', 'numeric(4,1)[]'],
      ['a', 'integer[]'],
      ['st', 'STRUCT(k VARCHAR)[]'],
      ['m', 'MAP(VARCHAR, INTEGER)'],
    ],
  );
});

test('columns have defaults and NOT NULL; \\d+ asks for more', async () => {
  const { rows } = await catalog.ask(
    columns(await oidOf('orders'), ',\n a.attstorage, pg_catalog.col_description(a.attrelid, a.attnum)'),
  );
  assert.deepEqual(rows, [
    ['id', 'integer', null, true, null, '', '', 'p', null],
    ['code', 'character varying', "'new'", true, null, '', '', 'p', null],
    ['price', 'numeric(9,2)', null, false, null, '', '', 'p', null],
  ]);
});

test('a table’s indexes, those of its keys first', async () => {
  const { rows } =
    await catalog.ask(`SELECT c2.relname, i.indisprimary, i.indisunique, i.indisclustered, i.indisvalid,
      pg_catalog.pg_get_indexdef(i.indexrelid, 0, true), pg_catalog.pg_get_constraintdef(con.oid, true), contype,
      condeferrable, condeferred, i.indisreplident, c2.reltablespace
    FROM pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_index i
      LEFT JOIN pg_catalog.pg_constraint con ON (conrelid = i.indrelid AND conindid = i.indexrelid)
    WHERE c.oid = '${await oidOf('orders')}' AND c.oid = i.indrelid AND i.indexrelid = c2.oid
    ORDER BY i.indisprimary DESC, c2.relname;`);
  assert.deepEqual(
    rows.map((row) => [row[0], row[1], row[2], String(row[5]).replace(/^.* USING /, ''), row[7]]),
    [
      ['Orders_id_pkey', true, true, 'art (id)', 'p'],
      ['Orders_code_key', false, true, 'art (code)', 'u'],
      ['by_price', false, false, 'art (price, (lower(code)))', null],
    ],
  );
});

test('\\d of an index names its columns and its table', async () => {
  const oid = await oidOf('by_price');
  const keys = await catalog.ask(`SELECT a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attnum <= (SELECT i.indnkeyatts FROM pg_catalog.pg_index i WHERE i.indexrelid = '${oid}')
        THEN 'yes' ELSE 'no' END AS is_key,
      pg_catalog.pg_get_indexdef(a.attrelid, a.attnum, TRUE) AS indexdef
    FROM pg_catalog.pg_attribute a
    WHERE a.attrelid = '${oid}' AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum;`);
  assert.deepEqual(keys.rows, [
    ['price', 'numeric(9,2)', 'yes', 'price'],
    ['(lower(code))', '', 'yes', '(lower(code))'],
  ]);
  const about = await catalog.ask(`SELECT i.indisunique, i.indisprimary, i.indisclustered, i.indisvalid,
      (NOT i.indimmediate) AND EXISTS (SELECT 1 FROM pg_catalog.pg_constraint WHERE condeferrable) AS condeferrable,
      i.indnullsnotdistinct, a.amname, c2.relname, pg_catalog.pg_get_expr(i.indpred, i.indrelid, true)
    FROM pg_catalog.pg_index i, pg_catalog.pg_class c, pg_catalog.pg_class c2, pg_catalog.pg_am a
    WHERE i.indexrelid = c.oid AND c.oid = '${oid}' AND c.relam = a.oid AND i.indrelid = c2.oid;`);
  assert.deepEqual(about.rows, [[false, false, false, true, false, false, 'art', 'Orders', null]]);
});

test('constraints: checks, foreign keys, and those that point here', async () => {
  const orders = await oidOf('orders');
  const checks = await catalog.ask(`SELECT r.conname, pg_catalog.pg_get_constraintdef(r.oid, true)
    FROM pg_catalog.pg_constraint r WHERE r.conrelid = '${orders}' AND r.contype = 'c' ORDER BY 1;`);
  assert.deepEqual(checks.rows, [['Orders_price_check', 'CHECK (price > 0)']]);
  const keys = await catalog.ask(`SELECT true as sametable, conname,
      pg_catalog.pg_get_constraintdef(r.oid, true) as condef, conrelid::pg_catalog.regclass AS ontable
    FROM pg_catalog.pg_constraint r WHERE r.conrelid = '${await oidOf('lines')}' AND r.contype = 'f'
         AND conparentid = 0 ORDER BY conname`);
  assert.deepEqual(keys.columns, ['sametable', 'conname', 'condef', 'ontable']);
  assert.equal(keys.rows.length, 1);
  assert.match(String(keys.rows[0]?.[2]), /^FOREIGN KEY \(order_id\) REFERENCES .*Orders\(id\)$/);
  const pointing = await catalog.ask(`SELECT conname, conrelid::pg_catalog.regclass AS ontable,
      pg_catalog.pg_get_constraintdef(oid, true) AS condef FROM pg_catalog.pg_constraint c
    WHERE confrelid IN (SELECT pg_catalog.pg_partition_ancestors('${orders}')
      UNION ALL VALUES ('${orders}'::pg_catalog.regclass)) AND contype = 'f' AND conparentid = 0 ORDER BY conname;`);
  assert.deepEqual(
    pointing.rows.map((row) => row[1]),
    ['lines'],
  );
});

test('\\d+ of a view shows its SELECT; \\sv finds it by name', async () => {
  const oid = await oidOf('cheap');
  const shown = await catalog.ask(`SELECT pg_catalog.pg_get_viewdef('${oid}'::pg_catalog.oid, true);`);
  assert.deepEqual(shown.columns, ['pg_get_viewdef']);
  assert.deepEqual(shown.rows, [[' SELECT id, price FROM Orders WHERE (price < 10);']]);
  const found = await catalog.ask("SELECT 'public.cheap'::pg_catalog.regclass::pg_catalog.oid");
  assert.equal(String(found.rows[0]?.[0]), oid);
  await assert.rejects(
    catalog.ask("SELECT 'nosuch'::pg_catalog.regclass::pg_catalog.oid"),
    /relation "nosuch" does not exist/,
  );
});

test('a sequence and an image table tell what they are', async () => {
  const sequence =
    await catalog.ask(`SELECT pg_catalog.format_type(seqtypid, NULL) AS "Type", seqstart AS "Start",
      seqincrement AS "Increment", CASE WHEN seqcycle THEN 'yes' ELSE 'no' END AS "Cycles?", seqcache AS "Cache"
    FROM pg_catalog.pg_sequence WHERE seqrelid = '${await oidOf('numbers')}';`);
  assert.deepEqual(sequence.rows, [['bigint', 5n, 2n, 'no', 1]]);
  const image = await catalog.ask(`SELECT s.srvname, pg_catalog.array_to_string(ARRAY(
      SELECT pg_catalog.quote_ident(option_name) FROM pg_catalog.pg_options_to_table(ftoptions)),  ', ')
    FROM pg_catalog.pg_foreign_table f, pg_catalog.pg_foreign_server s
    WHERE f.ftrelid = '${await oidOf('photos')}' AND s.oid = f.ftserver;`);
  assert.deepEqual(image.rows, [['images', "format 'image', uris 's3://bucket/a/', 'it''s here'"]]);
});

test('the questions about what no table here has are answered with no rows', async () => {
  const oid = await oidOf('orders');
  const questions = [
    `SELECT pol.polname, pol.polpermissive FROM pg_catalog.pg_policy pol WHERE pol.polrelid = '${oid}' ORDER BY 1;`,
    `SELECT oid, stxrelid::pg_catalog.regclass, 'd' = any(stxkind) AS ndist_enabled
     FROM pg_catalog.pg_statistic_ext WHERE stxrelid = '${oid}' ORDER BY 1;`,
    `SELECT oid, (SELECT pg_catalog.string_agg(attname, ', ') FROM pg_catalog.unnest(stxkeys) s(n)) AS columns
     FROM pg_catalog.pg_statistic_ext WHERE stxrelid = '${oid}' ORDER BY 1;`,
    `SELECT pubname , NULL , NULL FROM pg_catalog.pg_publication p WHERE p.puballtables
     UNION SELECT pubname, NULL, NULL FROM pg_catalog.pg_publication p ORDER BY 1;`,
    `SELECT t.tgname, t.tgenabled FROM pg_catalog.pg_trigger t WHERE t.tgrelid = '${oid}' ORDER BY 1;`,
    `SELECT c.oid::pg_catalog.regclass FROM pg_catalog.pg_class c, pg_catalog.pg_inherits i
     WHERE c.oid = i.inhparent AND i.inhrelid = '${oid}' ORDER BY inhseqno;`,
    `SELECT r.rulename, trim(trailing ';' from pg_catalog.pg_get_ruledef(r.oid, true))
     FROM pg_catalog.pg_rewrite r WHERE r.ev_class = '${oid}' ORDER BY 1;`,
  ];
  const counts = [2, 3, 2, 3, 2, 1, 2];
  for (const [at, question] of questions.entries()) {
    const { columns: names, rows } = await catalog.ask(question);
    assert.equal(names.length, counts[at], question);
    assert.deepEqual(rows, []);
  }
});
