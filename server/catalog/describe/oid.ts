/** Oids as \d passes them from one query to the next: DuckDB's own numbers, stable while the server runs. */
import type { QueryShape } from '../query-shape.ts';

/** The number behind the first of the fragments that the query has; undefined when there is none or it is no oid. */
export function oidAfter(query: QueryShape, ...fragments: readonly string[]): string | undefined {
  for (const fragment of fragments) {
    const literal = query.literalAfter(fragment);
    if (literal !== undefined && /^\d{1,18}$/.test(literal)) return literal;
  }
  return undefined;
}
