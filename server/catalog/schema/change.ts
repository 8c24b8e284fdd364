/** One object's change: the steps for the mirror, and what to remember of them. */
import { APPLY_FUNCTION } from './book.ts';
import type { Entry } from './entry.ts';
import { literal, quoted } from './names.ts';
import type { SchemaObject, Step } from './objects/index.ts';

/** Applied alone: when PostgreSQL refuses it, the others are not touched. */
export interface Change {
  readonly id: string;
  readonly object: SchemaObject;
  readonly steps: readonly Step[];
  /** What to remember; null: the object is gone. */
  readonly definition: string | null;
  /** Whether the object was there and stays: when that is refused, it can still be made anew. */
  readonly inPlace: boolean;
}

export function made({ id, object, text }: Entry, steps: readonly Step[], inPlace = false): Change {
  return { id, object, steps, definition: text, inPlace };
}

export function removed({ id, object }: Entry, steps: readonly Step[]): Change {
  return { id, object, steps, definition: null, inPlace: false };
}

/**
 * The statement that applies changes.
 * @param recorded false: they hold for the one transaction, and nothing is remembered
 */
export function applyStatement(changes: readonly Change[], recorded: boolean): string {
  const list = changes.map(({ id, object, steps, definition }) => ({
    id,
    path: `${quoted(object.schema)}, public, sqlens`,
    steps,
    kind: object.kind,
    schema: object.schema,
    name: object.name,
    definition: recorded ? definition : null,
  }));
  return `SELECT ${APPLY_FUNCTION}(${literal(JSON.stringify(list))}, ${recorded})`;
}
