/** A test file for a driver of Debian's Python: its program runs once, and what it saw is compared. */
import { after, before, describe } from 'node:test';
import { Checks, expectAll } from './checks.ts';
import { type ClientServer, startSqlens } from './harness.ts';
import { besideThis, PYTHON, pythonLacks } from './programs.ts';

/**
 * @param modules that the program imports: without them the tests are skipped
 * @param program in the folder python; its argument is the port of a server with everything of fixture/
 */
export function describePython(
  title: string,
  options: {
    readonly modules: readonly string[];
    readonly program: string;
    readonly expected: Readonly<Record<string, unknown>>;
    readonly skip?: string | false;
  },
): void {
  const { modules, program, expected } = options;
  describe(title, { skip: pythonLacks(...modules) || options.skip }, () => {
    let server: ClientServer;
    let checks: Checks;
    before(async () => {
      server = await startSqlens();
      checks = await Checks.of(PYTHON, [besideThis(`python/${program}`), String(server.port)]);
    });
    after(() => server.close());
    expectAll(() => checks, expected);
  });
}
