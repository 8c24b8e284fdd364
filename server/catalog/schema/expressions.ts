/**
 * Expressions of DuckDB's in PostgreSQL's words, where the two may mean the same: defaults, checks, generated columns and
 * index keys. PostgreSQL has the last word; what it refuses gets a placeholder.
 */
import { tokenize } from '../../query/text/tokens.ts';
import { postgresType } from './type-text.ts';

/** Longer ones are shown, not read. */
const MAX_LENGTH = 2000;

/**
 * The expression as PostgreSQL may read it; undefined when it surely cannot. DuckDB writes every expression anew, in a
 * plain form; anything that could be read as more than one expression is not passed on all the same.
 */
export function postgresExpression(text: string): string | undefined {
  if (text === '' || text.length > MAX_LENGTH || text.includes('\\')) return undefined;
  const parts: string[] = [];
  let depth = 0;
  let end = 0;
  for (const token of tokenize(text)) {
    if (token.kind === 'parameter' || token.text === ';' || token.text === '$') return undefined;
    if (token.text === '(') depth++;
    if (token.text === ')' && --depth < 0) return undefined;
    // What stood together stays together (`!~~`); what was a comment is a blank.
    if (token.start > end) parts.push(' ');
    end = token.end;
    // CAST(x AS "BLOB"): DuckDB quotes names of types that are no keywords.
    const isType = token.kind === 'quoted' && parts.at(-2) === 'AS';
    parts.push(isType ? postgresType(token.value.toUpperCase()) : token.text);
  }
  return depth === 0 ? `(${withBooleans(parts).join('')})` : undefined;
}

const BOOLEAN_CAST = ['CAST', '(', /^'[tf]'$/, ' ', 'AS', ' ', 'BOOLEAN', ')'];

/** DuckDB keeps TRUE as a cast of 't'. */
function withBooleans(parts: readonly string[]): string[] {
  const written: string[] = [];
  for (let at = 0; at < parts.length; at++) {
    const matches = BOOLEAN_CAST.every((expected, offset) => {
      const part = parts[at + offset] ?? '';
      return typeof expected === 'string' ? expected === part : expected.test(part);
    });
    if (matches) {
      written.push(parts[at + 2] === "'t'" ? 'true' : 'false');
      at += BOOLEAN_CAST.length - 1;
    } else written.push(parts[at] ?? '');
  }
  return written;
}
