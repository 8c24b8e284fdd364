/** For tests: definitions at random, from a seed. DuckDB refuses some of them; that is part of it. */

/** Numbers in [0, 1) (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TYPES = [
  ...[
    'INTEGER',
    'BIGINT',
    'VARCHAR',
    'DOUBLE',
    'BOOLEAN',
    'DATE',
    'TIMESTAMPTZ',
    'DECIMAL(12, 3)',
    'HUGEINT',
  ],
  ...[
    'UINTEGER',
    'UUID',
    'BLOB',
    'INTERVAL',
    'JSON',
    'INTEGER[]',
    'DECIMAL(5, 1)[][]',
    'VARCHAR[3]',
    'TIMESTAMP_NS',
  ],
  ...[
    'STRUCT(a INTEGER, "b c" VARCHAR)',
    'MAP(VARCHAR, INTEGER)',
    'STRUCT(k VARCHAR)[]',
    "ENUM('x', 'y[]')",
    'BIT',
  ],
];
const DEFAULTS = [
  'NULL',
  '1 + 1',
  "'it''s'",
  'now()',
  'uuid()',
  '[1, 2]',
  "nextval('shared')",
  "'2020-02-29'",
  'true',
];
const SCHEMAS = ['public', 'shop', '"Odd ""one"'];
const TABLES = ['orders', 'lines', '"Mixed Case"', '"select"', 'größe', 'a_b'];
const COLUMNS = ['id', 'code', '"Name"', 'price', '"from"', 'straße', 'x1', 'x2', '"it\'s"'];

/** Makes definitions of all kinds over few names, so that they meet. */
export class RandomDefinitions {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomNumbers(seed);
  }

  next(): string {
    const table = `${this.#pick(SCHEMAS)}.${this.#pick(TABLES)}`;
    const view = `${this.#pick(SCHEMAS)}.v_${Math.floor(this.#next() * 4)}`;
    const column = this.#pick(COLUMNS);
    const alter = `ALTER TABLE ${table}`;
    const forms: readonly (() => string)[] = [
      () => `CREATE TABLE ${table} (${this.#columns()})`,
      () => `CREATE TABLE ${table} (${this.#columns()})`,
      () => `CREATE OR REPLACE TABLE ${table} (${this.#columns()})`,
      () => `DROP TABLE ${table}`,
      () => `${alter} RENAME TO ${this.#pick(TABLES)}`,
      () => `${alter} ADD COLUMN ${column} ${this.#pick(TYPES)} DEFAULT ${this.#pick(DEFAULTS)}`,
      () => `${alter} ADD COLUMN ${column} ${this.#pick(TYPES)}`,
      () => `${alter} DROP COLUMN ${column}`,
      () => `${alter} RENAME COLUMN ${column} TO ${this.#pick(COLUMNS)}`,
      () => `${alter} ALTER COLUMN ${column} TYPE ${this.#pick(TYPES)}`,
      () => `${alter} ALTER COLUMN ${column} SET DEFAULT ${this.#pick(DEFAULTS)}`,
      () => `${alter} ALTER COLUMN ${column} DROP DEFAULT`,
      () => `${alter} ALTER COLUMN ${column} SET NOT NULL`,
      () => `${alter} ALTER COLUMN ${column} DROP NOT NULL`,
      () =>
        `CREATE OR REPLACE VIEW ${view} AS SELECT *, ${Math.floor(this.#next() * 9)} AS extra FROM ${table}`,
      () => `CREATE VIEW ${view} AS SELECT ${column} FROM ${table}`,
      () => `ALTER VIEW ${view} RENAME TO v_${Math.floor(this.#next() * 4)}`,
      () => `DROP VIEW ${view}`,
      () =>
        `CREATE ${this.#next() < 0.5 ? 'UNIQUE ' : ''}INDEX i_${Math.floor(this.#next() * 3)} ON ${table} (${column})`,
      () => `DROP INDEX ${this.#pick(SCHEMAS)}.i_${Math.floor(this.#next() * 3)}`,
      () =>
        `CREATE OR REPLACE SEQUENCE ${this.#pick(SCHEMAS)}.s START ${Math.ceil(this.#next() * 99)} MAXVALUE 1000`,
      () => `COMMENT ON TABLE ${table} IS ${this.#next() < 0.5 ? 'NULL' : "'a \\\\ ''comment'''"}`,
      () => `COMMENT ON COLUMN ${table}.${column} IS 'column ${Math.floor(this.#next() * 9)}'`,
      () => `CREATE OR REPLACE MACRO public.m(a) AS a + ${Math.floor(this.#next() * 9)}`,
      () => `DROP TYPE public.mood`,
      () => `CREATE TYPE public.mood AS ENUM ('sad', 'glad ${Math.floor(this.#next() * 9)}')`,
    ];
    return this.#pick(forms)();
  }

  #columns(): string {
    const names = COLUMNS.filter(() => this.#next() < 0.5);
    const list = (names.length === 0 ? ['id'] : names).map((name) => {
      const roll = this.#next();
      if (roll < 0.1) return `${name} INTEGER CHECK (${name} > ${Math.floor(roll * 100)})`;
      if (roll < 0.2) return `${name} VARCHAR NOT NULL DEFAULT ${this.#pick(["'a'", "'b''c'"])}`;
      if (roll < 0.3) return `${name} INTEGER UNIQUE`;
      if (roll < 0.35) return `${name} INTEGER CHECK (list_contains([1, 2], ${name}))`;
      return `${name} ${this.#pick(TYPES)}`;
    });
    if (this.#next() < 0.3) list.push('key INTEGER PRIMARY KEY');
    if (this.#next() < 0.1) list.push('made INTEGER GENERATED ALWAYS AS (1 + 2)');
    return list.join(', ');
  }

  #pick<T>(list: readonly T[]): T {
    const found = list[Math.floor(this.#next() * list.length)];
    if (found === undefined) throw new Error('nothing to choose from');
    return found;
  }
}
