/** Runs the records of one .slt file on a fresh server. */
import { copyFile, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import pg from 'pg';
import { difference, formatRows } from './compare.ts';
import { parseSlt } from './parse.ts';
import type { Demands, Engine, ExpectedError, Parameter, SltRecord } from './records.ts';
import type { WorkFolders } from './sandbox-folder.ts';
import { TestServer, type TestSession, type TextResult } from './test-server.ts';

const MAX_INCLUDE_DEPTH = 5;

export class SltFailure extends Error {
  constructor(file: string, line: number, message: string, sql?: string) {
    super(`${file}:${line}: ${message}${sql === undefined ? '' : `\n${sql.replace(/^/gm, '    ')}`}`);
    this.name = 'SltFailure';
  }
}

/**
 * Runs a file on a server of its own. An include at the very beginning runs once: its data directory is kept in
 * `folders` and copied for every other file that begins with it.
 * @throws Error listing every record that failed, with file and line
 */
export async function runSltFile(
  file: string,
  folders: WorkFolders,
): Promise<{ readonly recordCount: number }> {
  const server = new TestServer(folders);
  const run = new FileRun(server, folders.variables);
  try {
    const setup = await run.setupOf(file);
    await folders.reset(setup);
    await server.start();
    if (setup !== undefined && !folders.hasSnapshot(setup)) {
      await run.file(setup);
      run.throwFailures();
      await server.close();
      await folders.keepData(setup);
      await server.start();
    }
    await run.file(file, setup);
    run.throwFailures();
    return { recordCount: run.recordCount };
  } finally {
    await server.close();
  }
}

/** What a file's records run on. */
export interface SltServer {
  readonly engine: Engine;
  session(name: string): Promise<TestSession>;
  disconnect(name: string): Promise<void>;
  start(): Promise<void>;
  close(): Promise<void>;
  inferredCount(): Promise<number>;
}

export class FileRun {
  recordCount = 0;
  readonly #failures: SltFailure[] = [];
  readonly #server: SltServer;
  readonly #variables: ReadonlyMap<string, string>;
  readonly #labels = new Map<string, { readonly rows: readonly string[]; readonly where: string }>();

  constructor(server: SltServer, variables: ReadonlyMap<string, string>) {
    this.#server = server;
    this.#variables = variables;
  }

  throwFailures(): void {
    if (this.#failures.length === 0) return;
    throw new Error(`\n${this.#failures.map((failure) => failure.message).join('\n\n')}\n`);
  }

  /** The file that this one includes before anything else. */
  async setupOf(file: string): Promise<string | undefined> {
    const [first] = await this.#parse(file);
    return first?.kind === 'include' ? path.join(path.dirname(file), first.file) : undefined;
  }

  /** @param done an included file that has run already */
  async file(file: string, done?: string, depth = 1): Promise<void> {
    if (depth > MAX_INCLUDE_DEPTH) throw new Error(`${file}: files include each other`);
    for (const record of await this.#parse(file)) {
      if (record.kind === 'halt') return;
      if (record.kind === 'include') {
        const included = path.join(path.dirname(file), record.file);
        if (included !== done) await this.file(included, done, depth + 1);
        continue;
      }
      this.recordCount++;
      try {
        await this.#record(record, shown(file));
      } catch (error) {
        if (!(error instanceof SltFailure)) throw error;
        this.#failures.push(error);
      }
    }
  }

  async #parse(file: string): Promise<SltRecord[]> {
    return parseSlt(await readFile(file, 'utf8'), shown(file), this.#variables, this.#server.engine);
  }

  async #record(record: Exclude<SltRecord, { kind: 'halt' | 'include' }>, file: string): Promise<void> {
    switch (record.kind) {
      case 'copy-file':
        await copyFile(record.from, record.to);
        return;
      case 'remove-file':
        await rm(record.file);
        return;
      case 'disconnect':
        await this.#server.disconnect(record.connection);
        return;
      case 'restart':
        await this.#server.close();
        await this.#server.start();
        return;
      case 'statement':
      case 'query': {
        const fail = (message: string) => new SltFailure(file, record.line, message, record.sql);
        const session = await this.#server.session(record.demands.connection);
        session.notices.length = 0;
        const { inferred } = record.demands;
        const before = inferred === undefined ? 0 : await this.#server.inferredCount();
        const outcome = await execute(session, record.sql, record.demands);
        checkOutcome(record, outcome, fail);
        if (outcome.kind === 'result' && record.kind === 'query') {
          const failWithNotices = (message: string) => fail([message, ...session.notices].join('\n'));
          this.#checkRows(record, outcome.result, `${file}:${record.line}`, failWithNotices);
        }
        checkNotices(record.demands.notices, session.notices, fail);
        if (inferred !== undefined) {
          const actual = (await this.#server.inferredCount()) - before;
          if (actual !== inferred) throw fail(`${actual} inputs were inferred, ${inferred} expected`);
        }
        return;
      }
    }
  }

  #checkRows(
    record: Extract<SltRecord, { kind: 'query' }>,
    result: TextResult,
    where: string,
    fail: (message: string) => SltFailure,
  ): void {
    let actual: string[];
    try {
      actual = formatRows(result.rows, record.types, record.sort);
    } catch (error) {
      throw fail(error instanceof Error ? error.message : String(error));
    }
    const { label } = record;
    const first = label === undefined ? undefined : this.#labels.get(label);
    const hasRows = label === undefined || record.expected.length > 0;
    const expected = hasRows || first === undefined ? record.expected : first.rows;
    const sorted = record.sort === 'nosort' ? expected : [...expected].sort();
    const differs = difference(sorted, actual);
    if (differs !== undefined) {
      throw fail(
        first !== undefined && !hasRows ? `${differs}\n(label ${label} of ${first.where})` : differs,
      );
    }
    if (label !== undefined && first === undefined) this.#labels.set(label, { rows: actual, where });
  }
}

function shown(file: string): string {
  return path.relative(process.cwd(), file);
}

type Outcome =
  | { readonly kind: 'result'; readonly result: TextResult }
  | { readonly kind: 'error'; readonly error: pg.DatabaseError };

async function execute(session: TestSession, sql: string, demands: Demands): Promise<Outcome> {
  try {
    const values =
      demands.params === undefined ? undefined : await Promise.all(demands.params.map(parameterValue));
    return { kind: 'result', result: await session.query(sql, values, demands.prepared) };
  } catch (error) {
    if (error instanceof pg.DatabaseError) return { kind: 'error', error };
    throw error;
  }
}

async function parameterValue(parameter: Parameter): Promise<string | null | Buffer> {
  return typeof parameter === 'object' && parameter !== null ? readFile(parameter.file) : parameter;
}

function checkOutcome(
  record: Extract<SltRecord, { kind: 'statement' | 'query' }>,
  outcome: Outcome,
  fail: (message: string) => SltFailure,
): void {
  const wanted = record.kind === 'statement' ? record.error : undefined;
  const { position, tag } = record.demands;
  if (outcome.kind === 'result') {
    if (wanted !== undefined) throw fail(`no error, but ${describeError(wanted)} expected`);
    if (tag !== undefined && outcome.result.tag !== tag) {
      throw fail(`command tag "${outcome.result.tag}", "${tag}" expected`);
    }
    const actual = outcome.result.columns.join(' ');
    const expected = record.demands.columns?.join(' ') ?? actual;
    if (actual !== expected) throw fail(`columns ${actual}, expected ${expected}`);
    return;
  }
  const { code, message, hint } = outcome.error;
  const got = `ERROR ${code}: ${message}${hint === undefined ? '' : `\nHINT: ${hint}`}`;
  if (wanted === undefined) throw fail(got);
  if (wanted.sqlState !== undefined && wanted.sqlState !== code) {
    throw fail(`${got}\nbut ${describeError(wanted)} expected`);
  }
  if (wanted.message !== undefined && !wanted.message.test(`${message}\n${hint ?? ''}`)) {
    throw fail(`${got}\nbut ${describeError(wanted)} expected`);
  }
  if (position === undefined) return;
  const at = record.sql.indexOf(position);
  if (at < 0) throw fail(`"${position}" does not stand in the SQL`);
  // Characters, not UTF-16 units.
  const expected = [...record.sql.slice(0, at)].length + 1;
  if (Number(outcome.error.position) !== expected) {
    throw fail(`${got}\nat position ${outcome.error.position}, expected ${expected} ("${position}")`);
  }
}

function checkNotices(
  wanted: readonly RegExp[],
  notices: readonly string[],
  fail: (message: string) => SltFailure,
): void {
  for (const pattern of wanted) {
    if (!notices.some((notice) => pattern.test(notice))) {
      throw fail(`no notice matches ${pattern}; there were: ${JSON.stringify(notices)}`);
    }
  }
  const surprise = notices.find(
    (notice) => notice.startsWith('WARNING') && !wanted.some((pattern) => pattern.test(notice)),
  );
  if (surprise !== undefined) throw fail(`unexpected ${surprise}`);
}

function describeError(wanted: ExpectedError): string {
  return ['an error', wanted.sqlState, wanted.message].filter((part) => part !== undefined).join(' ');
}
