/** A mirror on a directory of its own, and short ways to ask it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readRows, type TextRow } from './backend-bytes.ts';
import { queryMessage } from './frontend-bytes.ts';
import { Mirror, type MirrorOptions } from './mirror.ts';

export async function temporaryDataDir(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-mirror-'));
  return { path: folder, remove: () => rm(folder, { recursive: true, force: true }) };
}

export interface AskOptions {
  readonly user?: string;
  readonly prologue?: readonly string[];
  readonly overlay?: readonly string[];
  readonly signal?: AbortSignal;
}

/** The rows of a simple query by a login; rejects with what PostgreSQL refused. */
export async function ask(mirror: Mirror, sql: string, options: AskOptions = {}): Promise<TextRow[]> {
  const user = options.user ?? 'ann';
  const answer = await mirror.request(
    {
      prologue: [
        `SET LOCAL SESSION AUTHORIZATION "${user}"`,
        'SET LOCAL search_path = "$user", public',
        ...(options.prologue ?? []),
      ],
      overlay: options.overlay ?? [],
      bytes: queryMessage(sql),
    },
    options.signal,
  );
  return readRows(answer);
}

/** The first value of the first row. */
export async function value(
  mirror: Mirror,
  sql: string,
  options: AskOptions = {},
): Promise<string | null | undefined> {
  const [row] = await ask(mirror, sql, options);
  return row === undefined ? undefined : Object.values(row)[0];
}

/** A mirror with the logins ann (analyst) and adam (admin), and whatever `fill` makes. */
export async function openMirror(
  options: Omit<MirrorOptions, 'version'> & { readonly version?: string },
  fill: (mirror: Mirror) => Promise<void> = async () => undefined,
): Promise<{ readonly mirror: Mirror; readonly rebuilds: () => number }> {
  const mirror = Mirror.create({ version: '0.0.0-test', ...options });
  let rebuilds = 0;
  mirror.onRebuilt = async () => {
    rebuilds++;
    await fill(mirror);
  };
  await mirror.ensureRoles([
    ['ann', 'analyst'],
    ['adam', 'admin'],
  ]);
  return { mirror, rebuilds: () => rebuilds };
}

/** A statement that keeps PostgreSQL busy for longer than any test waits. */
export const ENDLESS = 'SELECT count(*) FROM pg_class a, pg_class b, pg_class c, pg_class d';
