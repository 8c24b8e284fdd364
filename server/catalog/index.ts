/**
 * What clients ask about the catalog, answered from DuckDB's. DuckDB's own pg_catalog fails on most of psql's queries,
 * so those are recognised by their shape (`query-shape.ts`) and replaced by a statement of ours over DuckDB's tables
 * of tables. One recogniser per command stands in a file of its own; `describe/` holds the sequence that \d NAME sends.
 * An answer keeps the select list of the question, entry by entry, so that clients of other versions, which ask for
 * more or fewer columns, get what they index by position.
 *
 * Where this ends: queries that join catalog relations in ways of their own run on DuckDB's pg_catalog as they are.
 */
import type { Recogniser } from './answer.ts';
import { completions } from './completions.ts';
import { columns } from './describe/columns.ts';
import { constraints } from './describe/constraints.ts';
import { findRelation } from './describe/find-relation.ts';
import { imageTable } from './describe/image-table.ts';
import { indexDetails, indexes } from './describe/indexes.ts';
import { relationDetails } from './describe/relation-details.ts';
import { sequence } from './describe/sequence.ts';
import { findView, showView } from './describe/show-view.ts';
import { viewDefinition } from './describe/view-definition.ts';
import { fetchTypes } from './fetch-types.ts';
import { listDatabases } from './list-databases.ts';
import { listFunctions } from './list-functions.ts';
import { listForeignTables, listRelations } from './list-relations.ts';
import { listRoles } from './list-roles.ts';
import { listSchemas } from './list-schemas.ts';
import { listTypes } from './list-types.ts';
import { nothing } from './nothing.ts';
import { QueryShape } from './query-shape.ts';
import { anonymousSession, type CatalogSession } from './session.ts';
import { answerSessionFunctions } from './session-functions.ts';

export type { CatalogSession } from './session.ts';

/** In the order in which they are asked; `nothing` last, since its relations stand in others' joins too. */
export const RECOGNISERS: readonly Recogniser[] = [
  listRelations,
  listForeignTables,
  listDatabases,
  listSchemas,
  listFunctions,
  listTypes,
  listRoles,
  findRelation,
  relationDetails,
  columns,
  indexes,
  indexDetails,
  constraints,
  imageTable,
  viewDefinition,
  findView,
  showView,
  sequence,
  completions,
  fetchTypes,
  nothing,
];

/**
 * The statement to run instead of a client's question about the catalog or the session.
 * @param sql one statement
 * @returns undefined when the statement is none of those: it runs as it is
 */
export function catalogStatement(
  sql: string,
  session: CatalogSession = anonymousSession,
): string | undefined {
  if (/\bpg_[a-z]/i.test(sql)) {
    const query = QueryShape.of(sql);
    if (query !== undefined) {
      for (const recogniser of RECOGNISERS) {
        const answer = recogniser.answer(query, session);
        if (answer !== undefined) return answer;
      }
    }
  }
  return answerSessionFunctions(sql, session);
}
