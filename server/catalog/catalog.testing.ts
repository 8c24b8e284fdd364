/** A small catalog for tests: what the engine sets up, and users' things of every kind. */
import { type DuckDBConnection, DuckDBInstance, type JS } from '@duckdb/node-api';
import { type CatalogSession, catalogStatement } from './index.ts';

const SETUP = `
CREATE SCHEMA public; CREATE SCHEMA sqlens; CREATE SCHEMA sqlens_internal; CREATE SCHEMA shop;
SET search_path = 'public,sqlens';
CREATE TABLE sqlens_internal.image_tables (schema VARCHAR, name VARCHAR, uris VARCHAR[]);
INSERT INTO sqlens_internal.image_tables VALUES ('public', 'photos', ['s3://bucket/a/', 'it''s here']);
CREATE VIEW sqlens.image_tables AS SELECT * FROM sqlens_internal.image_tables;
CREATE VIEW sqlens.functions AS SELECT * FROM (VALUES
  ('label', 'image', 'STRUCT(class VARCHAR)[]', 'signs'), ('score', 'image', 'FLOAT', 'scores'),
  ('read_images', 'pattern', 'TABLE', NULL)) AS f(name, arguments, returns, model);
CREATE MACRO label(x) AS x; CREATE MACRO score(x) AS 1::FLOAT; CREATE MACRO twice(x) AS x * 2;
CREATE MACRO __internal(x) AS x; CREATE MACRO sqlens.image_info(x) AS x;
CREATE TABLE photos (uri VARCHAR, image STRUCT(uri VARCHAR, version VARCHAR), size BIGINT);
CREATE TYPE mood AS ENUM ('sad', 'glad');
CREATE TABLE kinds (
  b BOOLEAN, i1 TINYINT, i2 SMALLINT, i4 INTEGER, i8 BIGINT, u8 UBIGINT, h HUGEINT, f4 FLOAT, f8 DOUBLE,
  n DECIMAL(10, 2), s VARCHAR, x BLOB, d DATE, t TIME, tz TIMESTAMPTZ, ts TIMESTAMP, ns TIMESTAMP_NS, iv INTERVAL,
  id UUID, j JSON, bits BIT, e mood, l FLOAT[], ll DECIMAL(4, 1)[][], a INTEGER[3], st STRUCT(k VARCHAR)[],
  m MAP(VARCHAR, INTEGER));
CREATE TABLE Orders (id INTEGER PRIMARY KEY, code VARCHAR NOT NULL DEFAULT 'new', price DECIMAL(9, 2),
  CHECK (price > 0), UNIQUE (code));
CREATE TABLE lines (order_id INTEGER REFERENCES Orders (id));
CREATE TABLE shop.stock (sku VARCHAR);
CREATE INDEX by_price ON Orders (price, lower(code));
CREATE VIEW cheap AS SELECT id, price FROM Orders WHERE price < 10;
CREATE SEQUENCE numbers START 5 INCREMENT 2;
COMMENT ON TABLE shop.stock IS 'what is there';
`;

export interface TestCatalog {
  readonly connection: DuckDBConnection;
  /** Runs a client's query as the server would; fails the test when nothing recognises it. */
  ask(sql: string, session?: CatalogSession): Promise<{ columns: string[]; rows: JS[][] }>;
  close(): void;
}

export async function createCatalog(): Promise<TestCatalog> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' });
  const connection = await instance.connect();
  await connection.run(SETUP);
  return {
    connection,
    async ask(sql, session) {
      const statement = catalogStatement(sql, session);
      if (statement === undefined) throw new Error(`not recognised: ${sql}`);
      const reader = await connection.runAndReadAll(statement);
      return { columns: reader.columnNames(), rows: reader.getRowsJS() };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
