/**
 * Macros that make DuckDB's operators and functions answer as PostgreSQL's do. They stand in schema `sqlens`, which
 * sessions search before DuckDB's own functions; what a macro is made of names DuckDB's own by `system.main`.
 * A macro may use its argument more than once only where evaluating it again cannot give something else.
 */
import { ARITHMETIC } from './arithmetic.ts';
import { ARRAYS } from './arrays.ts';
import { JSON_MACROS } from './json.ts';
import { PATTERNS } from './patterns.ts';
import { TEXT } from './text.ts';
import { TIMES } from './times.ts';

export const DIALECT_MACROS: readonly string[] = [
  ...ARITHMETIC,
  ...PATTERNS,
  ...TEXT,
  ...ARRAYS,
  ...TIMES,
  ...JSON_MACROS,
];
