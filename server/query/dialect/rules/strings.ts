/** String constants that DuckDB's lexer reads otherwise: Unicode escapes, bit strings, and LIKE's own escape. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import { quoteIdentifier, quoteLiteral, type Token } from '../../text/tokens.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

export const strings: Rule = {
  name: 'strings',
  needs: undefined,
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (token.kind === 'string') {
        // DuckDB has no Unicode escapes; the tokenizer has read them.
        if (/^e'/i.test(token.text) && /\\[uU]/.test(token.text))
          edits.replace(token, quoteLiteral(token.value));
        continue;
      }
      if (token.kind !== 'word' || token.text.length !== 1) continue;
      const next = tokens[at + 1];
      if (next === undefined || next.start !== token.end) continue;
      if (token.value === 'u' && next.value === '&') unicode(tokens, at, edits);
      if (next.kind !== 'string' || !next.text.startsWith("'")) continue;
      if (token.value === 'b' && /^[01]*$/.test(next.value)) edits.replace(token, `${next.text}::bit`, next);
      if (token.value === 'x' && /^[0-9a-f]*$/i.test(next.value)) {
        const bits = [...next.value].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0'));
        edits.replace(token, `'${bits.join('')}'::bit`, next);
      }
      if (token.value === 'n') edits.remove(token);
    }
  },
};

/** U&'…' and U&"…" with their UESCAPE. */
function unicode(tokens: readonly Token[], at: number, edits: Parameters<Rule['apply']>[1]): void {
  const [prefix, ampersand, text, word, escaper] = tokens.slice(at, at + 5);
  if (prefix === undefined || text === undefined || ampersand?.end !== text.start) return;
  if (text.kind !== 'quoted' && text.kind !== 'string') return;
  const hasEscape = isWord(word, 'uescape') && escaper?.kind === 'string';
  const mark = hasEscape ? escaper.value : '\\';
  const read = readUnicode(text, mark);
  const written = text.kind === 'quoted' ? quoteIdentifier(read) : quoteLiteral(read);
  edits.replace(prefix, written, hasEscape ? escaper : text);
}

function readUnicode(token: Token, mark: string): string {
  const sign = mark.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
  const pattern = new RegExp(`${sign}(?:([0-9a-fA-F]{4})|\\+([0-9a-fA-F]{6})|(${sign})|)`, 'g');
  return token.value.replace(pattern, (_, four?: string, six?: string, itself?: string) => {
    if (itself !== undefined) return itself;
    const code = Number.parseInt(four ?? six ?? '', 16);
    if (Number.isNaN(code) || code > 0x10ffff) {
      throw new SqlensError({
        sqlState: SqlState.syntaxError,
        message: 'invalid Unicode escape',
        hint: 'Unicode escapes are written \\XXXX or \\+XXXXXX.',
        position: token.start + 1,
      });
    }
    return String.fromCodePoint(code);
  });
}
