/** Functions that PostgreSQL names otherwise, and its own name for the schema of functions and types. */

import { behindBracket } from '../../text/clauses.ts';
import type { Token } from '../../text/tokens.ts';
import { behindCall } from '../column-names.ts';
import { isOperator } from '../operands.ts';
import type { Rule } from '../rule.ts';

/** Only those that take any number of arguments, ORDER BY or FILTER; the others are macros. */
const RENAMED: Readonly<Record<string, string>> = {
  json_build_object: 'json_object',
  jsonb_build_object: 'json_object',
  json_build_array: 'json_array',
  jsonb_build_array: 'json_array',
  json_object_agg: 'json_group_object',
  jsonb_object_agg: 'json_group_object',
  jsonb_each: 'json_each',
  every: 'bool_and',
};

const QUALIFIER = 'pg_catalog';

/** What PostgreSQL's catalog calls arrays; drivers write casts with these names. */
const ARRAYS: ReadonlyMap<string, string> = new Map(
  (
    'bool int2 int4 int8 float4 float8 numeric text varchar bpchar bytea date time timetz timestamp timestamptz interval ' +
    'uuid json jsonb'
  )
    .split(' ')
    .map((name) => [`_${name}`, `${name}[]`]),
);

export const functions: Rule = {
  name: 'functions',
  needs: [
    ...Object.keys(RENAMED),
    'json_agg',
    'jsonb_agg',
    QUALIFIER,
    ...ARRAYS.keys(),
    'current_timestamp',
    'current_time',
    'localtimestamp',
    'localtime',
  ],
  apply({ tokens }, edits) {
    for (const [at, token] of tokens.entries()) {
      if (token.kind === 'quoted' ? !isCatalogName(token.value) : token.kind !== 'word') continue;
      const next = tokens[at + 1];
      const renamed = RENAMED[token.value];
      if (renamed !== undefined && isOperator(next, '(') && !isOperator(tokens[at - 1], '.')) {
        edits.replace(token, renamed);
      } else if (/^jsonb?_agg$/.test(token.value) && isOperator(next, '(')) {
        // With its ORDER BY and FILTER, which only an aggregate takes.
        const last = tokens[behindCall(tokens, behindBracket(tokens, at + 1), tokens.length) - 1];
        if (last === undefined) continue;
        edits.replace(token, 'to_json(list');
        edits.insertAfter(last, ')');
      } else if (token.value === QUALIFIER && isOperator(next, '.') && next !== undefined) {
        // A function's or a type's: relations of that schema keep it.
        if (isTypePlace(tokens[at - 1]) || isOperator(tokens[at + 3], '(')) edits.remove(token, next);
      } else if (ARRAYS.has(token.value)) {
        const isQualified = tokens[at - 2]?.value === QUALIFIER;
        const isType = isQualified ? isTypePlace(tokens[at - 3]) : isOperator(tokens[at - 1], '::');
        if (isType) edits.replace(token, ARRAYS.get(token.value) ?? token.value);
      } else if (/^(current_timestamp|current_time|localtimestamp|localtime)$/.test(token.value)) {
        // A precision says how many digits are kept; all are.
        const close = tokens[at + 3];
        if (
          isOperator(next, '(') &&
          next !== undefined &&
          tokens[at + 2]?.kind === 'number' &&
          isOperator(close, ')') &&
          close !== undefined
        ) {
          edits.remove(next, close);
        }
      }
    }
  },
};

function isCatalogName(name: string): boolean {
  return name === QUALIFIER || ARRAYS.has(name);
}

/** Behind `::` and behind the AS of CAST: no alias has a dot. */
function isTypePlace(before: Token | undefined): boolean {
  return isOperator(before, '::') || (before?.kind === 'word' && before.value === 'as');
}
