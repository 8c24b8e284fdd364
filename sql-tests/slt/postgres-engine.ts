/** A PostgreSQL that .slt files run on: a database of its own for each file. */
import pg from 'pg';
import { FileRun, type SltServer } from './run-file.ts';
import { TestSession } from './test-server.ts';

const USER = 'wire';

class PostgresDatabase implements SltServer {
  readonly engine = 'postgres';
  readonly #port: number;
  readonly #name: string;
  readonly #sessions = new Map<string, TestSession>();

  constructor(port: number, name: string) {
    this.#port = port;
    this.#name = name;
  }

  async start(): Promise<void> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.#port, user: USER, database: 'postgres' });
    await client.connect();
    await client.query(
      `CREATE DATABASE ${this.#name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' ENCODING 'UTF8'`,
    );
    await client.end();
  }

  async session(name: string): Promise<TestSession> {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = await TestSession.open(this.#port, USER, this.#name);
      this.#sessions.set(name, session);
    }
    return session;
  }

  async disconnect(name: string): Promise<void> {
    await this.#sessions.get(name)?.close();
    this.#sessions.delete(name);
  }

  async inferredCount(): Promise<number> {
    return 0;
  }

  async close(): Promise<void> {
    for (const name of [...this.#sessions.keys()]) await this.disconnect(name);
  }
}

/**
 * Runs a file's records on a PostgreSQL, without those that are `onlyif sqlens`.
 * @throws Error listing every record that failed
 */
export async function runOnPostgres(file: string, port: number, database: string): Promise<number> {
  const server = new PostgresDatabase(port, database);
  await server.start();
  const run = new FileRun(server, new Map());
  try {
    await run.file(file);
    run.throwFailures();
    return run.recordCount;
  } finally {
    await server.close();
  }
}
