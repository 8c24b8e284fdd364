/** Splits SQL at top-level semicolons, well enough for tests of the wire; the engine has its own. */
import type { StatementText } from '../../query/api.ts';

const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|\$\$.*?\$\$|--[^\n]*|\/\*.*?\*\/|;|[^'"$/;-]+|./gs;
const blank = /^(?:\s|--[^\n]*|\/\*.*?\*\/)*$/s;

export function splitStatements(sql: string): StatementText[] {
  const statements: StatementText[] = [];
  let start = 0;
  const take = (end: number): void => {
    const text = sql.slice(start, end);
    const indent = text.length - text.trimStart().length;
    statements.push({ text: text.trim(), offset: start + indent });
    start = end + 1;
  };
  for (const match of sql.matchAll(token)) if (match[0] === ';') take(match.index);
  take(sql.length);
  const full = statements.filter(({ text }) => !isBlank(text));
  return full.length > 0 ? full : statements.slice(0, 1);
}

export function isBlank(sql: string): boolean {
  return blank.test(sql.replaceAll(';', ''));
}
