/** What a session holds, as rows of pg_settings, pg_prepared_statements and pg_cursors. */
import { postgresType } from '../../catalog/schema/type-text.ts';
import type { NamedStatement } from '../session/prepared-statements.ts';
import type { SettingRow } from '../settings/settings.ts';
import type { Cursor } from './cursors/cursor.ts';

/** Columns that are left out are PostgreSQL's own. */
export function pgSettingsRow(row: SettingRow): object {
  const { name, setting, unit, category, context, vartype, source, enumvals } = row;
  const range = { min_val: row.min, max_val: row.max, boot_val: row.boot, reset_val: row.reset };
  return { name, setting, unit, category, context, vartype, source, enumvals, ...range };
}

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
