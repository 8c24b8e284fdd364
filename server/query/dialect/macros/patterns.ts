import { LIKE_ANY_MACROS } from '../rules/like-any.ts';

/**
 * Regular expressions: `~` searches, it does not match the whole; a dot matches line ends too, as PostgreSQL's do
 * unless told otherwise (option s of DuckDB).
 */
export const PATTERNS: readonly string[] = [
  `"~@"(a, b) AS regexp_matches(a, b, 's')`,
  `"!~@"(a, b) AS NOT regexp_matches(a, b, 's')`,
  `"~*"(a, b) AS regexp_matches(a, b, 'si')`,
  `"!~*"(a, b) AS NOT regexp_matches(a, b, 'si')`,
  ...LIKE_ANY_MACROS,
];
