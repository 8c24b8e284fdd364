/** What the mirror says it holds: written with every change, read at a start. */
import { BOOK_STATEMENTS, BOOK_VERSION, OBJECTS_TABLE, VERSION_TABLE } from './book.ts';
import { type AppliedEntry, entryOf } from './entry.ts';
import type { MirrorPort } from './mirror-port.ts';
import { dropStatement, rankOf, type SchemaObject } from './objects/index.ts';
import { Pace } from './pace.ts';

/**
 * Opens the book. What a server of another version applied is removed: it might stand for the same objects in other ways.
 */
export async function openBook(mirror: MirrorPort): Promise<Map<string, AppliedEntry>> {
  await mirror.apply(BOOK_STATEMENTS);
  const [version] = await mirror.query(`SELECT version FROM ${VERSION_TABLE}`);
  const applied = await readApplied(mirror);
  if (version?.version === String(BOOK_VERSION)) return applied;
  const drops = [...applied.values()]
    .map(({ object }) => object)
    .filter((object) => object.name !== 'public' || object.kind !== 'schema')
    .sort((a, b) => rankOf(b) - rankOf(a))
    .map(dropStatement);
  await mirror.apply([
    ...drops,
    `DELETE FROM ${OBJECTS_TABLE}`,
    `DELETE FROM ${VERSION_TABLE}`,
    `INSERT INTO ${VERSION_TABLE} VALUES (${BOOK_VERSION})`,
  ]);
  return new Map();
}

async function readApplied(mirror: MirrorPort): Promise<Map<string, AppliedEntry>> {
  const rows = await mirror.query(`SELECT definition, refused FROM ${OBJECTS_TABLE}`);
  const applied = new Map<string, AppliedEntry>();
  const pace = new Pace();
  for (const { definition, refused } of rows) {
    if (pace.isDue) await pace.rest();
    const entry = entryOf(parseObject(definition ?? ''));
    applied.set(entry.id, { ...entry, refused: refused ?? undefined });
  }
  return applied;
}

/** The text is one that this version of the server wrote, or one whose drop is all that is wanted of it. */
function parseObject(text: string): SchemaObject {
  const object: SchemaObject = JSON.parse(text);
  return object;
}

/** Why objects were refused, by id. */
export async function readRefusals(mirror: MirrorPort): Promise<Map<string, string>> {
  const rows = await mirror.query(`SELECT id, refused FROM ${OBJECTS_TABLE} WHERE refused IS NOT NULL`);
  return new Map(rows.map(({ id, refused }) => [id ?? '', refused ?? '']));
}
