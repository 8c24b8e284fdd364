/** Runs psql's commands in one session, and tells apart what each of them printed. */
import { DATABASE, USER } from './harness.ts';
import { run } from './programs.ts';

export interface Printed {
  readonly command: string;
  readonly out: string;
  readonly err: string;
}

/** In the order of the commands; the answers are not aligned, so that equal cells are equal texts. */
export async function runPsql(port: number, commands: readonly string[]): Promise<Printed[]> {
  const script = commands.flatMap((command, at) => [`\\echo ${mark(at)}`, `\\warn ${mark(at)}`, command]);
  const args = ['-X', '-A', '-h', '127.0.0.1', '-p', String(port), '-U', USER, DATABASE];
  const { stdout, stderr } = await run('psql', args, {
    input: `${script.join('\n')}\n`,
    env: { EDITOR: 'true' },
  });
  const out = sections(stdout);
  const err = sections(stderr);
  return commands.map((command, at) => ({
    command,
    out: out.get(mark(at)) ?? '(psql did not come so far)',
    err: err.get(mark(at)) ?? '',
  }));
}

function mark(at: number): string {
  return `@@${at}@@`;
}

function sections(text: string): Map<string, string> {
  const parts = text.split(/^(@@\d+@@)\n/m);
  const found = new Map<string, string>();
  for (let at = 1; at < parts.length; at += 2) found.set(parts[at] ?? '', parts[at + 1] ?? '');
  return found;
}
