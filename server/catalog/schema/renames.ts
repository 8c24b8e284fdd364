/**
 * Renames, which keep a relation's OID: recognised by DuckDB's own number of a table or view, so only within one run of
 * the server. A column is taken for renamed when it is the only one that differs, and only by its name.
 */
import { type Change, made, removed } from './change.ts';
import { type AppliedEntry, entryOf, type State } from './entry.ts';
import { qualified, quoted } from './names.ts';
import { dropStatement, type SchemaObject, type Step } from './objects/index.ts';
import type { Relation } from './read/relations.ts';

interface Pair {
  readonly entry: AppliedEntry;
  readonly before: Relation;
  readonly after: Relation;
  readonly column: ColumnRename | undefined;
}

interface ColumnRename {
  readonly from: string;
  readonly to: string;
}

export function isRelation(object: SchemaObject): object is Relation {
  return object.kind === 'table' || object.kind === 'image table' || object.kind === 'view';
}

/**
 * The renames that lie between two states.
 * @param before what the mirror holds; afterwards what it will hold once the changes are made
 */
export function takeRenames(
  before: Map<string, AppliedEntry>,
  appliedOids: ReadonlyMap<string, number>,
  wanted: State,
): Change[] {
  const pairs = renamedPairs(before, appliedOids, wanted);
  if (pairs.length === 0) return [];
  const changes: Change[] = [];
  const sources = new Set(pairs.map(({ entry }) => entry.id));
  const currentName = new Map<Pair, string>();
  // Names may go round in a circle: one that is in use is left before it is taken.
  for (const [at, pair] of pairs.entries()) {
    currentName.set(pair, pair.before.name);
    const target = before.get(entryOf(pair.after).id);
    if (target === undefined || target === pair.entry) continue;
    if (!sources.has(target.id)) changes.push(...dropWhole(before, target));
    const away = `sqlens~${at}`;
    changes.push(removed(pair.entry, [[rename(pair.before, pair.before.name, away)]]));
    currentName.set(pair, away);
  }
  const followed = followAll(before, pairs);
  for (const { former } of followed) {
    changes.push(removed(former, []));
    before.delete(former.id);
  }
  const steps = new Map(pairs.map((pair) => [pair.entry.id, pairSteps(pair, currentName.get(pair) ?? '')]));
  for (const { former, entry } of followed) {
    changes.push(made(entry, steps.get(former.id) ?? [], true));
    before.set(entry.id, entry);
  }
  return changes;
}

/** An object and all that goes with it. */
function dropWhole(before: Map<string, AppliedEntry>, target: AppliedEntry): Change[] {
  const changes = [removed(target, [[dropStatement(target.object)]])];
  before.delete(target.id);
  for (const entry of [...before.values()]) {
    const { object } = entry;
    if (object.kind !== 'constraint' && object.kind !== 'index') continue;
    if (object.schema !== target.object.schema || object.table !== target.object.name) continue;
    changes.push(removed(entry, []));
    before.delete(entry.id);
  }
  return changes;
}

function renamedPairs(
  before: ReadonlyMap<string, AppliedEntry>,
  appliedOids: ReadonlyMap<string, number>,
  wanted: State,
): Pair[] {
  const formerIds = new Map([...appliedOids].map(([id, oid]) => [oid, id]));
  const pairs: Pair[] = [];
  for (const [id, oid] of wanted.oids) {
    const entry = before.get(formerIds.get(oid) ?? '');
    const after = wanted.entries.get(id)?.object;
    if (entry === undefined || entry.refused !== undefined || after === undefined) continue;
    const { object } = entry;
    if (!isRelation(object) || !isRelation(after)) continue;
    if (object.kind !== after.kind || object.schema !== after.schema) continue;
    const column = renamedColumn(object, after);
    if (object.name === after.name && column === undefined) continue;
    pairs.push({ entry, before: object, after, column });
  }
  return pairs;
}

function renamedColumn(before: Relation, after: Relation): ColumnRename | undefined {
  if (before.kind === 'view' || before.columns.length !== after.columns.length) return undefined;
  const different = before.columns.filter((column, at) => column.name !== after.columns[at]?.name);
  const [column] = different;
  if (column === undefined || different.length > 1) return undefined;
  const renamed = after.columns[before.columns.indexOf(column)];
  if (renamed === undefined || renamed.type !== column.type) return undefined;
  return { from: column.name, to: renamed.name };
}

function pairSteps({ before, after, column }: Pair, currentName: string): Step[] {
  const steps: Step[] = [];
  if (currentName !== after.name) steps.push([rename(before, currentName, after.name)]);
  if (column !== undefined) {
    const table = qualified(after.schema, after.name);
    steps.push([`ALTER TABLE ${table} RENAME COLUMN ${quoted(column.from)} TO ${quoted(column.to)}`]);
  }
  return steps;
}

function rename(relation: Relation, from: string, to: string): string {
  const word = { table: 'TABLE', 'image table': 'FOREIGN TABLE', view: 'VIEW' }[relation.kind];
  return `ALTER ${word} ${qualified(relation.schema, from)} RENAME TO ${quoted(to)}`;
}

interface Followed {
  readonly former: AppliedEntry;
  readonly entry: AppliedEntry;
}

/** All that has other names now: the renamed themselves, and what belongs to them. PostgreSQL follows by itself. */
function followAll(before: ReadonlyMap<string, AppliedEntry>, pairs: readonly Pair[]): Followed[] {
  const byName = new Map(pairs.map((pair) => [qualified(pair.before.schema, pair.before.name), pair]));
  const followed: Followed[] = [];
  for (const former of before.values()) {
    const object = follow(former.object, (name) => byName.get(qualified(former.object.schema, name)));
    if (object !== former.object)
      followed.push({ former, entry: { ...entryOf(object), refused: former.refused } });
  }
  return followed;
}

function follow(object: SchemaObject, pairOf: (name: string) => Pair | undefined): SchemaObject {
  if (isRelation(object)) {
    const pair = pairOf(object.name);
    return pair === undefined ? object : followRelation(object, pair);
  }
  if (object.kind !== 'constraint' && object.kind !== 'index') return object;
  const own = pairOf(object.table);
  const table = own?.after.name ?? object.table;
  if (object.kind === 'index') {
    if (own === undefined) return object;
    const keys = object.keys.map((key) => ('column' in key ? { column: renameIn(own, key.column) } : key));
    return { ...object, table, keys };
  }
  const target = object.type === 'foreign key' ? pairOf(object.referenced) : undefined;
  if (own === undefined && target === undefined) return object;
  const columns = object.columns.map((name) => renameIn(own, name));
  if (object.type !== 'foreign key') return { ...object, table, columns };
  const referenced = target?.after.name ?? object.referenced;
  const referencedColumns = object.referencedColumns.map((name) => renameIn(target, name));
  return { ...object, table, columns, referenced, referencedColumns };
}

/** The fields keep their order, so that the stored texts of what is the same are the same. */
function followRelation(relation: Relation, pair: Pair): Relation {
  const { after, column } = pair;
  const named = { ...relation, name: after.name };
  if (column === undefined || named.kind === 'view') return named;
  const columns = named.columns.map((old) => (old.name === column.from ? { ...old, name: column.to } : old));
  return { ...named, columns };
}

function renameIn(pair: Pair | undefined, name: string): string {
  return pair?.column?.from === name ? pair.column.to : name;
}
