/** A server of this process, the sessions that a test opens on it, and what its metrics count. */
import pg from 'pg';
import { readConfig } from '../../server/config.ts';
import { type RunningServer, startServer } from '../../server/start.ts';
import { silentLogger } from '../../udf-registry/logger.ts';
import type { WorkFolders } from './sandbox-folder.ts';

export interface TextResult {
  readonly rows: readonly (readonly (string | null)[])[];
  readonly columns: readonly string[];
  /** Command and row count, as in "INSERT 3". */
  readonly tag: string;
}

type TextArrays = pg.QueryArrayResult<(string | null)[]>;

function lastResult(result: unknown): TextArrays | undefined {
  const last: unknown = Array.isArray(result) ? result.at(-1) : result;
  return isResult(last) ? last : undefined;
}

function isResult(value: unknown): value is TextArrays {
  return typeof value === 'object' && value !== null && 'rows' in value && 'fields' in value;
}

/** node-postgres knows `queryMode`; its type definitions do not. */
interface QueryConfig extends pg.QueryArrayConfig<(string | null | Buffer)[]> {
  queryMode: 'extended' | undefined;
}

/** Every value as the text that came over the wire. */
const asText: pg.CustomTypesConfig = { getTypeParser: () => (text: string) => text };

export class TestSession {
  readonly notices: string[] = [];
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
    client.on('notice', (notice) => this.notices.push(`${notice.severity}: ${notice.message}`));
    // Told by the query that is under way.
    client.on('error', () => undefined);
  }

  static async open(port: number, user = 'slt', database = 'sqlens'): Promise<TestSession> {
    const client = new pg.Client({
      host: '127.0.0.1',
      port,
      user,
      database,
      password: 'unused',
    });
    const session = new TestSession(client);
    await client.connect();
    return session;
  }

  /**
   * @param values given: the extended protocol
   * @param name of a prepared statement to keep
   */
  async query(sql: string, values?: readonly (string | null | Buffer)[], name?: string): Promise<TextResult> {
    const extended = values !== undefined || name !== undefined;
    const config: QueryConfig = {
      text: sql,
      values: extended ? [...(values ?? [])] : undefined,
      name,
      rowMode: 'array',
      types: asText,
      queryMode: extended ? 'extended' : undefined,
    };
    // Several statements in one text give a list of results, which the type definitions do not say.
    const result: unknown = await this.#client.query<(string | null)[]>(config);
    const last = lastResult(result);
    return {
      rows: last?.rows ?? [],
      columns: (last?.fields ?? []).map((field) => field.name),
      tag: [last?.command, last?.rowCount].filter((part) => part !== null).join(' '),
    };
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** Goes away without a word, as a client does that crashed. */
  destroy(): void {
    this.#client.connection.stream.destroy();
  }
}

export class TestServer {
  readonly engine = 'sqlens';
  readonly #folders: WorkFolders;
  readonly #sessions = new Map<string, TestSession>();
  #running: RunningServer | undefined;

  constructor(folders: WorkFolders) {
    this.#folders = folders;
  }

  async start(): Promise<void> {
    const flags = ['--port', '0', '--http-port', '0', '--empty', '--workers', '1', '--engine-threads', '2'];
    const { dataDir, allowed } = this.#folders;
    const config = readConfig([...flags, '--data-dir', dataDir, '--allow-path', allowed], {});
    this.#running = await startServer(config, { logger: silentLogger, onProgress: () => undefined });
  }

  get port(): number {
    return this.#started.pgAddress.port;
  }

  get httpPort(): number {
    return this.#started.httpAddress.port;
  }

  async session(name: string): Promise<TestSession> {
    let session = this.#sessions.get(name);
    if (session === undefined) {
      session = await TestSession.open(this.#started.pgAddress.port);
      this.#sessions.set(name, session);
    }
    return session;
  }

  async disconnect(name: string): Promise<void> {
    await this.#sessions.get(name)?.close();
    this.#sessions.delete(name);
  }

  /** Inputs that workers have been given since the server started. */
  async inferredCount(): Promise<number> {
    const { port } = this.#started.httpAddress;
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    let total = 0;
    for (const [, count] of (await response.text()).matchAll(
      /^sqlens_inputs_inferred_total\{.*\} (\d+)$/gm,
    )) {
      total += Number(count);
    }
    return total;
  }

  async close(): Promise<void> {
    for (const name of [...this.#sessions.keys()]) await this.disconnect(name);
    await this.#running?.close();
    this.#running = undefined;
  }

  get #started(): RunningServer {
    if (this.#running === undefined) throw new Error('the server is not running');
    return this.#running;
  }
}
