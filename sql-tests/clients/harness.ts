/** A server with the schema of fixture/ that a client's test talks to, and a PostgreSQL with the part that it can have. */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { findPostgres, PostgresServer } from '../postgres-server.ts';
import { makeFolders } from '../slt/sandbox-folder.ts';
import { TestServer } from '../slt/test-server.ts';

/** SQLens' objects belong to "admin"; so do PostgreSQL's, for the sake of comparing. */
export const USER = 'admin';
export const DATABASE = 'sqlens';

export interface ClientServer {
  readonly port: number;
  /** Of the folder ${MODELS} and the like: see sandbox-folder.ts. */
  readonly variables: ReadonlyMap<string, string>;
  close(): Promise<void>;
}

export interface SqlensServer extends ClientServer {
  /** Adds fixture/sqlens.sql: what PostgreSQL cannot have. */
  addOwn(): Promise<void>;
}

/** SQLens with everything of fixture/, or `sharedOnly` with what PostgreSQL has as well. */
export async function startSqlens(part: 'all' | 'sharedOnly' = 'all'): Promise<SqlensServer> {
  const folders = await makeFolders();
  await folders.reset(undefined);
  const server = new TestServer(folders);
  const close = async () => {
    await server.close();
    await folders.remove();
  };
  try {
    await server.start();
    const { port } = server;
    const { variables } = folders;
    const addOwn = () => run(port, USER, statements('sqlens', variables));
    await run(port, USER, statements('shared', variables));
    if (part === 'all') await addOwn();
    return { port, variables, close, addOwn };
  } catch (error) {
    await close();
    throw error;
  }
}

/** PostgreSQL 15 with fixture/shared.sql; undefined where it is not installed. */
export async function startPostgres(): Promise<ClientServer | undefined> {
  const programs = findPostgres();
  if (programs === undefined) return undefined;
  const server = await PostgresServer.start(programs);
  try {
    await run(server.port, 'wire', statements('postgres', new Map()));
    await run(server.port, USER, statements('shared', new Map()));
    return { port: server.port, variables: new Map(), close: () => server.close() };
  } catch (error) {
    await server.close();
    throw error;
  }
}

export function connectionConfig(
  server: ClientServer,
): pg.ClientConfig & { host: string; port: number; user: string; database: string } {
  return { host: '127.0.0.1', port: server.port, user: USER, database: DATABASE };
}

function statements(name: string, variables: ReadonlyMap<string, string>): string[] {
  const text = readFileSync(new URL(`fixture/${name}.sql`, import.meta.url), 'utf8');
  return text
    .replaceAll(/\$\{(\w+)\}/g, (whole, variable: string) => variables.get(variable) ?? whole)
    .split(/;\n/)
    .filter((statement) => statement.trim() !== '');
}

async function run(port: number, user: string, sql: readonly string[]): Promise<void> {
  const client = new pg.Client({ host: '127.0.0.1', port, user, database: DATABASE });
  await client.connect();
  try {
    for (const statement of sql) {
      await client.query(statement).catch((error: unknown) => {
        throw new Error(`the fixture's statement failed: ${statement}`, { cause: error });
      });
    }
  } finally {
    await client.end();
  }
}
