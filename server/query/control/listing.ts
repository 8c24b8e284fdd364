/** What a session holds, as rows of pg_prepared_statements and pg_cursors. */
import { postgresType } from '../../catalog/schema/type-text.ts';
import type { NamedStatement } from '../prepared-statements.ts';
import type { Cursor } from './cursors/cursor.ts';

export function preparedStatementRow(statement: NamedStatement & { readonly name: string }): object {
  const { name, text, preparedAt, prepared, declaredOids, from } = statement;
  const types =
    prepared.kind === 'engine'
      ? prepared.parameterTypes.map((type) =>
          type === undefined ? undefined : postgresType(type.toString()),
        )
      : prepared.parameterOids.map(String);
  const results =
    prepared.kind === 'engine'
      ? prepared.columns?.map(({ type }) => postgresType(type.toString()))
      : prepared.columns?.map(({ oid }) => String(oid));
  return {
    name,
    statement: text,
    prepare_time: preparedAt,
    parameter_types: types.map((type, at) => {
      const oid = declaredOids[at] ?? 0;
      return oid === 0 ? (type ?? 'text') : String(oid);
    }),
    result_types: results,
    from_sql: from === 'sql',
  };
}

export function cursorRow({ name, text, isHoldable, isBinary, isScrollable, declaredAt }: Cursor): object {
  return {
    name,
    statement: text,
    is_holdable: isHoldable,
    is_binary: isBinary,
    is_scrollable: isScrollable,
    creation_time: declaredAt,
  };
}
