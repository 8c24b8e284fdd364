/**
 * What turns the mirror from what it holds into what it should hold, in an order in which each step can be taken, and
 * in place wherever PostgreSQL can: a relation that is still there keeps its OID.
 */
import { type Change, made, removed } from './change.ts';
import type { Applied, AppliedEntry, Entry, State } from './entry.ts';
import { qualified } from './names.ts';
import {
  alterSteps,
  createSteps,
  dropStatement,
  rankOf,
  type SchemaObject,
  type Step,
} from './objects/index.ts';
import { isRelation, takeRenames } from './renames.ts';

export interface DiffOptions {
  /** Objects to be made anew even if they could be changed in place. */
  readonly anew?: ReadonlySet<string>;
  /** Whether to try again what PostgreSQL refused, when other things change. */
  readonly retryRefused?: boolean;
}

/** @param appliedOids DuckDB's numbers of what was applied in this run; without them a rename is a drop and a creation */
export function diff(
  applied: Applied,
  appliedOids: ReadonlyMap<string, number>,
  wanted: State,
  options: DiffOptions = {},
): Change[] {
  const before = new Map<string, AppliedEntry>(applied);
  const renames = takeRenames(before, appliedOids, wanted);
  const changes = [...renames, ...drops(before, wanted)];
  const retry = options.retryRefused === true && (changes.length > 0 || differs(before, wanted));
  const remade = new Remade();
  const numbers = new Set(appliedOids.values());
  for (const entry of wanted.entries.values()) {
    const former = before.get(entry.id);
    const { object } = entry;
    if (former === undefined) {
      changes.push(made(entry, createSteps(object)));
      continue;
    }
    const isAnew =
      options.anew?.has(entry.id) === true ||
      isAnother(entry, appliedOids, numbers, wanted) ||
      remade.took(object) ||
      (former.refused !== undefined && (retry || former.text !== entry.text));
    if (!isAnew && former.text === entry.text) continue;
    const steps = isAnew ? undefined : alterSteps(former.object, object);
    if (steps !== undefined) {
      changes.push(made(entry, steps, true));
      continue;
    }
    remade.add(object);
    changes.push(made(entry, makeAnew(former.object, object)));
  }
  return changes;
}

/** A table that was dropped and created again in the meantime is another table, even if it looks the same. */
function isAnother(
  { id, object }: Entry,
  appliedOids: ReadonlyMap<string, number>,
  numbers: ReadonlySet<number>,
  wanted: State,
): boolean {
  if (object.kind !== 'table' || !appliedOids.has(id)) return false;
  const now = wanted.oids.get(id);
  // A number that is known belongs to a table that has taken the name over.
  return now !== undefined && !numbers.has(now);
}

function makeAnew(before: SchemaObject, after: SchemaObject): Step[] {
  return [[dropStatement(before)], ...createSteps(after)];
}

function differs(before: Applied, wanted: State): boolean {
  return [...wanted.entries.values()].some(({ id, text }) => before.get(id)?.text !== text);
}

/** Removes what is not wanted, dependants first; what goes with its schema or its table needs no statement. */
function drops(before: Map<string, AppliedEntry>, wanted: State): Change[] {
  const gone = [...before.values()].filter(({ id }) => !wanted.entries.has(id));
  if (gone.length === 0) return [];
  const schemas = new Set(
    gone.filter(({ object }) => object.kind === 'schema').map(({ object }) => object.name),
  );
  const tables = new Set(
    gone
      .map(({ object }) => object)
      .filter(isRelation)
      .map(keyOf),
  );
  const goesWith = ({ object }: Entry) =>
    (object.kind !== 'schema' && schemas.has(object.schema)) ||
    ((object.kind === 'constraint' || object.kind === 'index') &&
      tables.has(qualified(object.schema, object.table)));
  for (const { id } of gone) before.delete(id);
  return gone
    .sort((a, b) => rankOf(b.object) - rankOf(a.object))
    .map((entry) => removed(entry, goesWith(entry) ? [] : [[dropStatement(entry.object)]]));
}

function keyOf(object: SchemaObject): string {
  return qualified(object.schema, object.name);
}

/** What was made anew takes with it what hangs on it: that has to be made anew too. */
class Remade {
  readonly #relations = new Set<string>();
  readonly #keys = new Set<string>();

  add(object: SchemaObject): void {
    if (isRelation(object)) this.#relations.add(keyOf(object));
    // Foreign keys stand on the keys of the table that they refer to.
    if (object.kind === 'constraint') this.#keys.add(qualified(object.schema, object.table));
  }

  took(object: SchemaObject): boolean {
    if (object.kind !== 'constraint' && object.kind !== 'index') return false;
    if (this.#relations.has(qualified(object.schema, object.table))) return true;
    if (object.kind === 'index' || object.type !== 'foreign key') return false;
    const referenced = qualified(object.schema, object.referenced);
    return this.#relations.has(referenced) || this.#keys.has(referenced);
  }
}
