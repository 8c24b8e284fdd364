/** SHOW name, SHOW ALL. */
import { VARCHAR } from '@duckdb/node-api';
import { readDataRow } from '../../catalog/messages.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import { Cursor as Reader } from '../ddl/cursor.ts';
import { withoutParameters } from '../describe/bound.ts';
import { fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { settingDefinition } from '../settings/index.ts';
import type { Token } from '../text/tokens.ts';

const ALL_COLUMNS: readonly ResultColumn[] = ['name', 'setting', 'description'].map((name) => ({
  name,
  type: VARCHAR,
}));

/** A setting's name: `a.b`, TIME ZONE, TRANSACTION ISOLATION LEVEL, SESSION AUTHORIZATION. */
export function readSettingName(reader: Reader): string {
  if (reader.accept('time', 'zone')) return 'TimeZone';
  if (reader.accept('transaction', 'isolation', 'level')) return 'transaction_isolation';
  if (reader.accept('session', 'authorization')) return 'session_authorization';
  let name = reader.name('the name of a setting').value;
  while (reader.accept('.')) name += `.${reader.name('the name of a setting').value}`;
  return name;
}

/** What SHOW gives: known before it runs. */
export function showColumns(tokens: readonly Token[]): readonly ResultColumn[] {
  const name = readShown(tokens);
  if (name === undefined) return ALL_COLUMNS;
  return [{ name: settingDefinition(name)?.name ?? name, type: VARCHAR }];
}

export async function show(context: SessionContext, tokens: readonly Token[]): Promise<RowsExecution> {
  const { settings } = context;
  const name = readShown(tokens);
  if (name !== undefined) return fromRows(showColumns(tokens), [[settings.get(name)]], 'SHOW');
  const described = await descriptions(context);
  const rows = settings
    .all()
    .map((row) => [row.name, row.shown, row.description ?? described.get(row.name) ?? null]);
  return fromRows(ALL_COLUMNS, rows, 'SHOW');
}

/** What PostgreSQL says of its settings, by their names. */
async function descriptions(context: SessionContext): Promise<ReadonlyMap<string, string | null>> {
  const statement = await context.prepareAny('SELECT name, short_desc FROM pg_catalog.pg_settings', []);
  const execution = await context.runAny(withoutParameters(statement));
  if (execution.kind !== 'catalog') throw new TypeError('pg_settings is not the catalog’s');
  const known = new Map<string, string | null>();
  for (let batch = await execution.next(); batch !== undefined; batch = await execution.next()) {
    for (const message of batch.messages) {
      const [name, description] = readDataRow(message);
      known.set(name ?? '', description ?? null);
    }
  }
  return known;
}

/** @returns undefined for ALL */
function readShown(tokens: readonly Token[]): string | undefined {
  const reader = new Reader(tokens);
  reader.expect('show');
  const isAll = reader.accept('all');
  const name = isAll ? undefined : readSettingName(reader);
  reader.expectEnd();
  return name;
}
