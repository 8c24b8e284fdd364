/** What a SELECT of nothing but functions that act on the session looks like. */
import { behindBracket, splitAtCommas } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

const NAME =
  /^(set_config|pg_notify|pg_sleep|pg_(try_)?advisory_(xact_)?lock(_shared)?|pg_advisory_unlock(_shared|_all)?|pg_listening_channels)$/;

export interface SessionCallSyntax {
  readonly name: string;
  /** Ranges of tokens, one for each value. */
  readonly values: readonly (readonly [from: number, to: number])[];
  readonly alias: string | undefined;
}

/** @returns undefined for everything but `SELECT f(…) [[AS] alias], …` of session functions alone */
export function readSessionCalls(tokens: readonly Token[]): readonly SessionCallSyntax[] | undefined {
  if (tokens[0]?.value !== 'select') return undefined;
  const first = tokens[tokens[1]?.value === 'pg_catalog' ? 3 : 1];
  if (first === undefined || !NAME.test(first.value)) return undefined;
  const calls: SessionCallSyntax[] = [];
  for (const [from, to] of splitAtCommas(tokens, 1, -1)) {
    const call = readCall(tokens, from, to);
    if (call === undefined) return undefined;
    calls.push(call);
  }
  // It gives a row for each channel, which is no list of values.
  if (calls.length > 1 && calls.some(({ name }) => name === 'pg_listening_channels')) return undefined;
  return calls;
}

function readCall(tokens: readonly Token[], from: number, to: number): SessionCallSyntax | undefined {
  const at = tokens[from]?.value === 'pg_catalog' && tokens[from + 1]?.value === '.' ? from + 2 : from;
  const name = tokens[at]?.value ?? '';
  if (tokens[at]?.kind !== 'word' || !NAME.test(name) || tokens[at + 1]?.value !== '(') return undefined;
  const end = behindBracket(tokens, at + 1);
  const alias = tokens[tokens[end]?.value === 'as' ? end + 1 : end];
  const isNamed = alias !== undefined && alias === tokens[to - 1] && /^(word|quoted)$/.test(alias.kind);
  if (end !== to && !isNamed) return undefined;
  return { name, values: splitAtCommas(tokens, at + 2, end - 1), alias: isNamed ? alias.value : undefined };
}
