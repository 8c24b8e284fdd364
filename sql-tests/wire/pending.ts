/**
 * Transcripts that SQLens does not answer as PostgreSQL does, though it should, and what is missing. They run all
 * the same; one that passes is named by the test, to be taken off the list.
 */
const origins = 'RowDescription names no table';

export const pending: ReadonlyMap<string, string> = new Map<string, string>([
  ['column-names.wire', 'types: a bare NULL is text, length() is int4'],
  ['copy-in-binary.wire', origins],
  ['copy-in-csv.wire', origins],
  ['copy-in-text.wire', origins],
  ['copy-in-types.wire', origins],
  ['errors-ddl.wire', 'notices of IF (NOT) EXISTS, names of constraints, 42P06 for a schema that is there'],
  ['extended-cached-plan.wire', 'a changed table is told by an internal error of a set operation'],
  ['listen-notify.wire', 'the type void'],
  ['pg-semantics.wire', 'division of decimals gives double precision'],
  ['reset-of-asyncpg.wire', 'the type void'],
  ['row-description-tables.wire', origins],
  ['rowless-tags.wire', 'CREATE INDEX after UPDATE: "Cannot create index with outstanding updates"'],
  ['set-transactional.wire', 'DateStyle German'],
  ['simple-one.wire', 'a bare NULL is int4, not text'],
  ['types-arrays-of-others.wire', "ARRAY[1.5, 'NaN']: literals in arrays take their type from each other"],
  ['types-arrays.wire', 'casts of arrays with dimensions: ARRAY[[1, 2]]::int4[]'],
  ['types-bytea.wire', '22023 for an odd number of hexadecimal digits'],
]);
