/** regexp_match gives the groups as an array, `substring(x FROM 'regex')` the first of them or the whole match. */
import { quoteLiteral, type Token } from '../../text/tokens.ts';
import type { Edits } from '../edits.ts';
import { type Call, callsOf, isOperator, onlyToken } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { isWord } from '../select-lists.ts';

const NAMES = new Set(['regexp_match', 'substring']);

export const regularCaptures: Rule = {
  name: 'regular-captures',
  needs: [...NAMES],
  apply({ tokens }, edits) {
    for (const call of callsOf(tokens, NAMES)) {
      if (tokens[call.at]?.value === 'regexp_match') match(tokens, call, edits);
      else searched(tokens, call, edits);
    }
  },
};

function match(tokens: readonly Token[], call: Call, edits: Edits): void {
  const [first, second, third] = call.args;
  const pattern = second === undefined ? undefined : onlyToken(tokens, second);
  const flags = third === undefined ? undefined : onlyToken(tokens, third);
  const name = tokens[call.at];
  const open = tokens[call.open];
  const comma = tokens[first?.[1] ?? 0];
  const close = tokens[call.close];
  if (pattern?.kind !== 'string' || (third !== undefined && flags?.kind !== 'string')) return;
  if (name === undefined || open === undefined || comma === undefined || close === undefined) return;
  const text = quoteLiteral(pattern.value);
  const options = /i/.test(flags?.value ?? '') ? "'si'" : "'s'";
  const count = groupCount(pattern.value);
  const groups = count === 0 ? [0] : Array.from({ length: count }, (_, at) => at + 1);
  const values = groups.map((group) => `regexp_extract(t, ${text}, ${group}, ${options})`);
  edits.replace(name, 'list_transform([', open);
  edits.replace(
    comma,
    `], lambda t: CASE WHEN regexp_matches(t, ${text}, ${options}) THEN [${values.join(', ')}] END)[1]`,
    close,
  );
}

/** `substring(x FROM 'o(.)b')`. */
function searched(tokens: readonly Token[], call: Call, edits: Edits): void {
  const pattern = tokens[call.close - 1];
  const from = tokens[call.close - 2];
  const name = tokens[call.at];
  const open = tokens[call.open];
  const close = tokens[call.close];
  if (pattern?.kind !== 'string') return;
  const isFrom = isWord(from, 'from') || (isOperator(from, ',') && call.args.length === 2);
  if (!isFrom || name === undefined || open === undefined || close === undefined || from === undefined)
    return;
  const text = quoteLiteral(pattern.value);
  const group = groupCount(pattern.value) > 0 ? 1 : 0;
  edits.replace(name, 'list_transform([', open);
  edits.replace(
    from,
    `], lambda t: CASE WHEN regexp_matches(t, ${text}, 's') THEN regexp_extract(t, ${text}, ${group}, 's') END)[1]`,
    close,
  );
}

/** Capturing groups of a regular expression. */
function groupCount(pattern: string): number {
  const plain = pattern.replace(/\\./gs, '').replace(/\[\^?\]?[^\]]*\]/g, '');
  return [...plain.matchAll(/\((?!\?)/g)].length;
}
