/** A session as the catalog sees it: what pg_settings, pg_prepared_statements and pg_cursors show of it. */

import { pgTypeOf } from '../pgwire/types/pg-type.ts';
import type { CatalogColumn, PreparedStatement, ResultColumn } from './api.ts';
import type { Cursors } from './control/cursors/cursors.ts';
import type { PreparedStatements } from './prepared-statements.ts';
import type { SettingRow } from './settings.ts';

/** As pg_settings names the columns; what is missing is taken from PostgreSQL itself. */
export function pgSettingsRow(row: SettingRow): object {
  const { name, setting, unit, category, context, vartype, source, enumvals } = row;
  const range = { min_val: row.min, max_val: row.max, boot_val: row.boot, reset_val: row.reset };
  return { name, setting, unit, category, context, vartype, source, enumvals, ...range };
}

/** The rows of pg_prepared_statements. */
export function preparedStatementRows(statements: PreparedStatements): object[] {
  return statements.list().map(({ name, text, preparedAt, prepared, from }) => ({
    name,
    statement: text,
    prepare_time: preparedAt,
    parameter_types: parameterOids(prepared).map(String),
    result_types: prepared.columns?.map((column) => String(oidOf(column))),
    from_sql: from === 'sql',
    // Every execution of ours is planned with its values.
    custom_plans: 0,
    generic_plans: 0,
  }));
}

/** The rows of pg_cursors. */
export function cursorRows(cursors: Cursors): object[] {
  return cursors.list().map(({ name, text, isHoldable, isBinary, isScrollable, declaredAt }) => ({
    name,
    statement: text,
    is_holdable: isHoldable,
    is_binary: isBinary,
    is_scrollable: isScrollable,
    creation_time: declaredAt,
  }));
}

const TEXT_OID = 25;

function parameterOids(statement: PreparedStatement): readonly number[] {
  return statement.kind === 'catalog'
    ? statement.parameterOids
    : statement.parameterTypes.map((type) => (type === undefined ? TEXT_OID : pgTypeOf(type).oid));
}

function oidOf(column: ResultColumn | CatalogColumn): number {
  return 'type' in column ? pgTypeOf(column.type).oid : column.oid;
}
