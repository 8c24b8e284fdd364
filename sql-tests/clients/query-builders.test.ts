/** Kysely, Drizzle and Knex on node-postgres: what they read of the catalog, and what they write. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { sql as drizzleSql, eq } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { integer, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import knex, { type Knex } from 'knex';
import { type Generated, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { type ClientServer, connectionConfig, startSqlens } from './harness.ts';

let server: ClientServer;
before(async () => {
  server = await startSqlens();
});
after(() => server.close());

interface Tables {
  customers: { id: number; name: string; balance: string };
  orders: { id: string; customer_id: number; note: string | null };
  pets: { id: number; name: string; weight: Generated<string | null> };
}

describe('Kysely', () => {
  let db: Kysely<Tables>;
  before(() => {
    db = new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ ...connectionConfig(server), max: 2 }) }),
    });
  });
  after(() => db.destroy());

  test('introspection', async () => {
    const schemas = await db.introspection.getSchemas();
    assert.ok(schemas.some(({ name }) => name === 'shop'));
    const tables = await db.introspection.getTables();
    const customers = tables.find(({ name }) => name === 'customers');
    assert.deepEqual(
      customers?.columns.map(({ name, dataType, isNullable, hasDefaultValue }) => [
        name,
        dataType,
        isNullable,
        hasDefaultValue,
      ]),
      [
        ['id', 'int4', false, false],
        ['name', 'text', false, false],
        ['email', 'text', true, false],
        ['born', 'date', true, false],
        ['balance', 'numeric', true, true],
        ['is_active', 'bool', false, true],
      ],
    );
    assert.equal(tables.find(({ name }) => name === 'active_customers')?.isView, true);
    assert.equal(tables.find(({ name }) => name === 'items')?.schema, 'shop');
  });

  test('schema builder, queries, transactions', async () => {
    await db.schema
      .createTable('pets')
      .addColumn('id', 'integer', (column) => column.primaryKey())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('weight', 'numeric(6, 2)', (column) => column.defaultTo(1))
      .execute();
    const inserted = await db
      .insertInto('pets')
      .values([
        { id: 1, name: 'Rex' },
        { id: 2, name: 'Mia' },
      ])
      .returning(['id', 'weight'])
      .execute();
    assert.deepEqual(inserted, [
      { id: 1, weight: '1.00' },
      { id: 2, weight: '1.00' },
    ]);
    const { numUpdatedRows } = await db
      .updateTable('pets')
      .set({ weight: '12.5' })
      .where('name', '=', 'Rex')
      .executeTakeFirstOrThrow();
    assert.equal(numUpdatedRows, 1n);
    await assert.rejects(
      db.transaction().execute(async (trx) => {
        await trx.deleteFrom('pets').execute();
        throw new Error('away with it');
      }),
      /away with it/,
    );
    assert.deepEqual(await db.selectFrom('pets').selectAll().orderBy('id').execute(), [
      { id: 1, name: 'Rex', weight: '12.50' },
      { id: 2, name: 'Mia', weight: '1.00' },
    ]);
    await db.schema.dropTable('pets').execute();
  });

  test('joins, raw SQL and a model function', async () => {
    const rows = await db
      .selectFrom('orders')
      .innerJoin('customers', 'customers.id', 'orders.customer_id')
      .select(['customers.name', ({ fn }) => fn.countAll<string>().as('n')])
      .groupBy('customers.name')
      .execute();
    assert.deepEqual(rows, [{ name: 'Ada', n: '2' }]);
    const { rows: named } = await sql<{
      name: string;
    }>`SELECT colour_name(image) AS name FROM colours WHERE uri LIKE ${'%navy%'}`.execute(db);
    assert.deepEqual(named, [{ name: 'blue' }]);
  });
});

describe('Drizzle', () => {
  const customers = pgTable('customers', {
    id: integer('id').primaryKey(),
    name: text('name').notNull(),
    balance: numeric('balance'),
  });
  const orders = pgTable('orders', {
    id: integer('id').primaryKey(),
    customerId: integer('customer_id'),
    note: text('note'),
  });
  const toys = pgTable('toys', { id: integer('id').primaryKey(), name: text('name') });
  let pool: pg.Pool;
  before(() => {
    pool = new pg.Pool({ ...connectionConfig(server), max: 2 });
  });
  after(() => pool.end());

  test('queries, writes and transactions', async () => {
    const db = drizzle(pool);
    assert.deepEqual(
      await db
        .select({ name: customers.name, note: orders.note })
        .from(orders)
        .innerJoin(customers, eq(customers.id, orders.customerId))
        .orderBy(orders.id),
      [
        { name: 'Ada', note: 'first' },
        { name: 'Ada', note: null },
      ],
    );
    await db.execute(drizzleSql`CREATE TABLE toys (id int PRIMARY KEY, name text)`);
    assert.deepEqual(
      await db
        .insert(toys)
        .values([
          { id: 1, name: 'ball' },
          { id: 2, name: 'kite' },
        ])
        .returning(),
      [
        { id: 1, name: 'ball' },
        { id: 2, name: 'kite' },
      ],
    );
    await db
      .insert(toys)
      .values({ id: 1, name: 'drum' })
      .onConflictDoUpdate({ target: toys.id, set: { name: 'drum' } });
    await db.update(toys).set({ name: 'top' }).where(eq(toys.id, 2));
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.delete(toys);
        tx.rollback();
      }),
    );
    assert.deepEqual(await db.select().from(toys).orderBy(toys.id), [
      { id: 1, name: 'drum' },
      { id: 2, name: 'top' },
    ]);
    assert.deepEqual(
      await db.transaction((tx) =>
        tx.transaction((nested) => nested.select().from(toys).where(eq(toys.id, 1))),
      ),
      [{ id: 1, name: 'drum' }],
    );
    assert.equal(await db.$count(toys), 2);
    await db.execute(drizzleSql`DROP TABLE toys`);
  });
});

describe('Knex', () => {
  let db: Knex;
  before(() => {
    const { host, port, user, database } = connectionConfig(server);
    db = knex({ client: 'pg', connection: { host, port, user, database }, pool: { min: 0, max: 2 } });
  });
  after(() => db.destroy());

  test('columnInfo, hasTable, hasColumn', async () => {
    const info = await db('customers').columnInfo();
    assert.deepEqual(info.balance, { type: 'numeric', maxLength: null, nullable: true, defaultValue: '0' });
    assert.deepEqual(Object.keys(info), ['id', 'name', 'email', 'born', 'balance', 'is_active']);
    assert.equal(await db.schema.hasTable('customers'), true);
    assert.equal(await db.schema.hasTable('nothing'), false);
    assert.equal(await db.schema.hasColumn('customers', 'name'), true);
    assert.equal(await db.schema.hasColumn('customers', 'nothing'), false);
    assert.equal(await db.schema.withSchema('shop').hasTable('items'), true);
  });

  test('schema builder, queries, transactions with savepoints', async () => {
    await db.schema.createTable('tasks', (table) => {
      table.integer('id').primary();
      table.string('title').notNullable();
      table.boolean('done').defaultTo(false);
      table.index(['title'], 'tasks_title');
    });
    assert.deepEqual(
      await db('tasks')
        .insert([
          { id: 1, title: 'a' },
          { id: 2, title: 'b' },
        ])
        .returning('id'),
      [{ id: 1 }, { id: 2 }],
    );
    assert.equal(await db('tasks').where({ id: 1 }).update({ done: true }), 1);
    await assert.rejects(
      db.transaction(async (trx) => {
        await trx('tasks').del();
        throw new Error('away with it');
      }),
      /away with it/,
    );
    const seen = await db.transaction(async (trx) =>
      trx.transaction(async (nested) => nested('tasks').where('done', true).select('title')),
    );
    assert.deepEqual(seen, [{ title: 'a' }]);
    await db.schema.alterTable('tasks', (table) => {
      table.date('due');
    });
    assert.equal(await db.schema.hasColumn('tasks', 'due'), true);
    assert.deepEqual(await db('tasks').count('* as n').first(), { n: '2' });
    await db.schema.dropTable('tasks');
  });

  test('migrations', async () => {
    const migrationSource = {
      getMigrations: async () => ['first'],
      getMigrationName: (name: string) => name,
      getMigration: async () => ({
        up: (on: Knex) => on.schema.createTable('migrated', (table) => void table.integer('id')),
        down: (on: Knex) => on.schema.dropTable('migrated'),
      }),
    };
    const [, applied] = await db.migrate.latest({ migrationSource });
    assert.deepEqual(applied, ['first']);
    assert.equal(await db.schema.hasTable('migrated'), true);
    await db.migrate.rollback({ migrationSource });
    assert.equal(await db.schema.hasTable('migrated'), false);
  });
});
