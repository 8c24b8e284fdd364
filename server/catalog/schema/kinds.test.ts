import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Cells, TestMirror, TestSchema } from './schema.testing.ts';

let mirror: TestMirror;
let schema: TestSchema;
before(async () => {
  mirror = await TestMirror.open();
  schema = await TestSchema.open(mirror);
  await schema.define(DEFINITIONS);
});
after(async () => {
  schema.close();
  await mirror.close();
});

const DEFINITIONS = `
CREATE SCHEMA shop;
CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TYPE price AS DECIMAL(10, 2); CREATE TYPE pair AS STRUCT(a INTEGER, b VARCHAR);
COMMENT ON TYPE mood IS 'how it is';
CREATE SEQUENCE numbers START 5 INCREMENT 2 MAXVALUE 99 CYCLE;
CREATE TABLE "Orders" (
  id INTEGER PRIMARY KEY, code VARCHAR NOT NULL DEFAULT 'it''s new', price DECIMAL(9, 2) DEFAULT 1 + 1,
  n BIGINT DEFAULT nextval('numbers'), made_at TIMESTAMPTZ DEFAULT now(), ok BOOLEAN DEFAULT true, how mood,
  twice INTEGER GENERATED ALWAYS AS (id * 2), tags INTEGER[] DEFAULT [1, 2], ref UUID DEFAULT uuid(), day DATE DEFAULT '2020-02-29',
  CHECK (price > 0), CHECK (len(tags) > 1), UNIQUE (code), UNIQUE (code, price), CONSTRAINT mine CHECK (id > price));
CREATE TABLE lines (order_id INTEGER REFERENCES "Orders" (id), k INTEGER, code VARCHAR,
  PRIMARY KEY (order_id, k), FOREIGN KEY (code) REFERENCES "Orders" (code));
CREATE TABLE tree (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES tree (id));
CREATE TABLE shop.stock (sku VARCHAR, j JSON);
CREATE INDEX by_price ON "Orders" (price, lower(code)); CREATE UNIQUE INDEX by_sku ON shop.stock (sku);
CREATE INDEX by_json ON shop.stock (j);
CREATE VIEW cheap AS SELECT id, price FROM "Orders" WHERE price < 10;
CREATE VIEW named (a, "B") AS SELECT * FROM cheap;
CREATE TABLE photos (uri VARCHAR, image STRUCT(uri VARCHAR, version VARCHAR));
INSERT INTO sqlens_internal.image_tables VALUES ('public', 'photos', ['s3://b/it''s/', '/x']);
INSERT INTO sqlens_internal.functions VALUES ('label', 'image', 'STRUCT(class VARCHAR)[]', 'signs'),
  ('score', 'image', 'FLOAT', 'scores'), ('image_thumbnail', 'image, px', 'BLOB', NULL), ('read_images', 'pattern', 'TABLE', NULL);
CREATE MACRO label(image) AS image; CREATE MACRO score(input) AS 1::FLOAT; CREATE MACRO __mine(x) AS x;
CREATE MACRO shop.twice(x) AS x * 2; CREATE MACRO added(a INTEGER, b) AS a + b; CREATE MACRO rows_of(n) AS TABLE SELECT n AS n;
COMMENT ON MACRO shop.twice IS 'doubles';
COMMENT ON TABLE shop.stock IS 'back\\slash'; COMMENT ON COLUMN lines.k IS 'line'; COMMENT ON VIEW cheap IS 'a view';
COMMENT ON COLUMN cheap.id IS 'its id'; COMMENT ON SEQUENCE numbers IS 'odd'; COMMENT ON INDEX by_price IS 'an index';
`;

const PATH = ['SET LOCAL search_path = public, sqlens'];

async function expectCells(sql: string, expected: Cells): Promise<void> {
  assert.deepEqual(await mirror.cells(sql, PATH), expected);
}

test('nothing was refused', async () => {
  assert.deepEqual(await mirror.refusals(), []);
});

test('columns: types, NOT NULL, defaults in the words of PostgreSQL where it has them, generated ones', async () => {
  await expectCells(
    `SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
     FROM pg_attribute AS a LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid = '"Orders"'::regclass AND a.attnum > 0 ORDER BY a.attnum`,
    [
      ['id', 'integer', 't', '', null],
      ['code', 'text', 't', '', "'it''s new'::text"],
      ['price', 'numeric(9,2)', 'f', '', '(1 + 1)'],
      ['n', 'bigint', 'f', '', "nextval('numbers'::regclass)"],
      ['made_at', 'timestamp with time zone', 'f', '', 'now()'],
      ['ok', 'boolean', 'f', '', 'true'],
      ['how', 'text', 'f', '', null],
      ['twice', 'integer', 'f', 's', '(id * 2)'],
      ['tags', 'integer[]', 'f', '', 'main.list_value(1, 2)'],
      ['ref', 'uuid', 'f', '', 'uuid()'],
      ['day', 'date', 'f', '', "'2020-02-29'::date"],
    ],
  );
});

test('constraints have the names and the definitions that PostgreSQL gives them', async () => {
  await expectCells(
    `SELECT conname, contype, pg_get_constraintdef(oid) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
     ORDER BY conrelid::regclass::text, contype, conname`,
    [
      ['Orders_check', 'c', 'CHECK (((id)::numeric > price))'],
      ['Orders_price_check', 'c', 'CHECK ((price > (0)::numeric))'],
      ['Orders_tags_check', 'c', 'CHECK ((len(tags) > 1))'],
      ['Orders_pkey', 'p', 'PRIMARY KEY (id)'],
      ['Orders_code_key', 'u', 'UNIQUE (code)'],
      ['Orders_code_price_key', 'u', 'UNIQUE (code, price)'],
      ['lines_code_fkey', 'f', 'FOREIGN KEY (code) REFERENCES "Orders"(code)'],
      ['lines_order_id_fkey', 'f', 'FOREIGN KEY (order_id) REFERENCES "Orders"(id)'],
      ['lines_pkey', 'p', 'PRIMARY KEY (order_id, k)'],
      ['tree_parent_fkey', 'f', 'FOREIGN KEY (parent) REFERENCES tree(id)'],
      ['tree_pkey', 'p', 'PRIMARY KEY (id)'],
    ],
  );
});

test('indexes, also over what PostgreSQL cannot index', async () => {
  await expectCells(
    `SELECT indexrelid::regclass, indisunique, pg_get_indexdef(indexrelid), pg_get_indexdef(indexrelid, 1, true) AS key
     FROM pg_index WHERE NOT indisprimary AND indexrelid::regclass::text ~ 'by_' ORDER BY indexrelid::regclass::text`,
    [
      ['by_price', 'f', 'CREATE INDEX by_price ON public."Orders" USING btree (price, lower(code))', 'price'],
      ['shop.by_json', 'f', 'CREATE INDEX by_json ON shop.stock USING btree (j)', 'j'],
      ['shop.by_sku', 't', 'CREATE UNIQUE INDEX by_sku ON shop.stock USING btree (sku)', 'sku'],
    ],
  );
});

test('views: columns, and the text as DuckDB keeps it', async () => {
  await expectCells(
    `SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = 'public' ORDER BY 1`,
    [
      ['cheap', ' SELECT id, price FROM Orders WHERE (price < 10);'],
      ['named', ' SELECT * FROM (SELECT * FROM cheap) AS "named"(a, B);'],
    ],
  );
  await expectCells(
    `SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
     WHERE c.relname IN ('cheap', 'named') ORDER BY 1, a.attnum`,
    [
      ['cheap', 'id', 'integer'],
      ['cheap', 'price', 'numeric(9,2)'],
      ['named', 'a', 'integer'],
      ['named', 'B', 'numeric(9,2)'],
    ],
  );
});

test('image tables are foreign tables of the server images', async () => {
  await expectCells(
    `SELECT c.relname, c.relkind, s.srvname, w.fdwname, f.ftoptions FROM pg_foreign_table AS f JOIN pg_class AS c ON c.oid = f.ftrelid
     JOIN pg_foreign_server AS s ON s.oid = f.ftserver JOIN pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw`,
    [['photos', 'f', 'images', 'sqlens_images', `{format=image,"uris=s3://b/it's/, /x"}`]],
  );
});

test('types and sequences', async () => {
  await expectCells(
    `SELECT typname, typtype, format_type(typbasetype, typtypmod), obj_description(oid, 'pg_type') FROM pg_type
     WHERE typtype IN ('e', 'd') AND typnamespace = 'public'::regnamespace ORDER BY 1`,
    [
      ['mood', 'e', '-', 'how it is'],
      ['pair', 'd', 'json', null],
      ['price', 'd', 'numeric(10,2)', null],
    ],
  );
  await expectCells(
    'SELECT sequencename, start_value, min_value, max_value, increment_by, cycle FROM pg_sequences',
    [['numbers', '5', '1', '99', '2', 't']],
  );
});

test("functions: models', SQLens' own, users' macros", async () => {
  await expectCells(
    `SELECT p.oid::regprocedure, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, prosrc,
       obj_description(p.oid, 'pg_proc') FROM pg_proc AS p JOIN pg_language AS l ON l.oid = prolang
     WHERE pronamespace IN ('public'::regnamespace, 'sqlens'::regnamespace, 'shop'::regnamespace) ORDER BY p.proname`,
    [
      ['added(integer,"any")', 'a integer, b "any"', '"any"', 'sqlens', '(a + b)', null],
      [
        'image_thumbnail("any",integer)',
        'image "any", px integer',
        'bytea',
        'sqlens',
        'image_thumbnail',
        'a JPEG of at most px pixels a side',
      ],
      ['label("any")', 'image "any"', 'json', 'sqlens', 'signs', 'model signs'],
      [
        'read_images(text)',
        'pattern text',
        'TABLE(uri text, image json, size bigint, etag text, last_modified timestamp with time zone, content_type text)',
        'sqlens',
        'read_images',
        'the images that a pattern names, and a column for each hive partition',
      ],
      ['rows_of("any")', 'n "any"', 'SETOF record', 'sqlens', 'SELECT n AS n', null],
      ['score(real[])', 'input real[]', 'real', 'sqlens', 'scores', 'model scores'],
      ['shop.twice("any")', 'x "any"', '"any"', 'sqlens', '(x * 2)', 'doubles'],
    ],
  );
  await expectCells(`SELECT pg_get_functiondef('shop.twice("any")'::regprocedure)`, [
    ['CREATE OR REPLACE MACRO shop.twice(x) AS (x * 2)'],
  ]);
});

test('comments', async () => {
  await expectCells(
    `SELECT obj_description('shop.stock'::regclass) AS a, col_description('lines'::regclass, 2) AS b, obj_description('cheap'::regclass) AS c,
       col_description('cheap'::regclass, 1) AS d, obj_description('numbers'::regclass) AS e, obj_description('by_price'::regclass) AS f`,
    [['back\\slash', 'line', 'a view', 'its id', 'odd', 'an index']],
  );
});

test('admin owns everything, analyst reads and calls', async () => {
  await expectCells(
    `SELECT r.rolname, has_table_privilege(r.rolname, 'shop.stock', 'SELECT') AS a, has_table_privilege(r.rolname, 'shop.stock', 'INSERT') AS b,
       has_table_privilege(r.rolname, 'cheap', 'SELECT') AS c, has_table_privilege(r.rolname, 'photos', 'SELECT') AS d,
       has_function_privilege(r.rolname, 'label("any")', 'EXECUTE'), has_schema_privilege(r.rolname, 'shop', 'USAGE') AS e,
       has_schema_privilege(r.rolname, 'shop', 'CREATE') AS f
     FROM pg_roles AS r WHERE r.rolname IN ('admin', 'analyst') ORDER BY 1`,
    [
      ['admin', 't', 't', 't', 't', 't', 't', 't'],
      ['analyst', 't', 'f', 't', 't', 't', 't', 'f'],
    ],
  );
});

test("the server's own things are not there", async () => {
  await expectCells(
    `SELECT count(*) FROM pg_namespace WHERE nspname IN ('sqlens_internal', 'main')
     UNION ALL SELECT count(*) FROM pg_proc WHERE proname IN ('__mine', 'input_key')`,
    [['0'], ['0']],
  );
});
