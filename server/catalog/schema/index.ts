/**
 * What SQLens has, as PostgreSQL knows it.
 *
 * read/ takes what a DuckDB connection sees into typed objects; objects/ says for each kind which PostgreSQL statements
 * make it, change it in place and remove it; diff.ts puts those that lead from one state to the other in order; book.ts is
 * what the mirror remembers of them. schema-sync.ts is the life of it.
 *
 * Deviations, each with its reason:
 * - A column of a named ENUM is text: DuckDB forgets the type's name, and on the wire it is text. The type is listed.
 * - Other named types are domains; a column has the type behind them.
 * - What PostgreSQL cannot read (a default, a check, a generated column, an index key; every view) is a placeholder
 *   there, and the text that is shown is the user's. What it can read it shows in its own words.
 * - Constraints have the names that PostgreSQL would choose: DuckDB keeps none.
 * - Names keep the spelling that DuckDB keeps, always quoted, so what clients send back means the same in DuckDB, which
 *   compares without case. An unquoted Foo is foo only where the session has preserve_identifier_case off; else it is
 *   listed as "Foo".
 * - Names above 63 bytes are cut as PostgreSQL cuts them, and numbered when two become one.
 * - What is in a schema whose name begins with pg_ is not shown: PostgreSQL keeps these names for itself.
 * - Of a table with more than 1,600 columns the first 1,600 are shown.
 * - Where a sequence stands is not shown: that changes without any definition.
 */
export type { MirrorPort, MirrorRow } from './mirror-port.ts';
export type { Origin, OriginMap } from './origins.ts';
export { type OwnDefinitions, SchemaSync, type SchemaSyncOptions } from './schema-sync.ts';
