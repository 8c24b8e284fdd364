/** An object with what it is known by and what is stored of it. */
import { idOf, type SchemaObject } from './objects/index.ts';

export interface Entry {
  readonly id: string;
  readonly object: SchemaObject;
  /** The object as JSON: two objects are the same when their texts are. */
  readonly text: string;
}

export function entryOf(object: SchemaObject): Entry {
  return { id: idOf(object), object, text: JSON.stringify(object) };
}

export type Entries = ReadonlyMap<string, Entry>;

export interface AppliedEntry extends Entry {
  /** Why PostgreSQL would not have it. */
  readonly refused: string | undefined;
}

/** What the mirror holds, by id. */
export type Applied = ReadonlyMap<string, AppliedEntry>;

export interface State {
  readonly entries: Entries;
  /** DuckDB's numbers of tables and views by id. */
  readonly oids: ReadonlyMap<string, number>;
}
