/**
 * The models that have a name: every architecture of keras.applications, with what is needed to apply it to images
 * and where Keras keeps its weights for ImageNet. Facts only; nothing is fetched and nothing is compiled here.
 */
import { SqlensError, SqlState } from '../../common/errors.ts';
import { CATALOG_ENTRIES } from './catalog-entries.ts';
import type { NamedModel } from './named-model.ts';

/** In CompileOptions.output together with `architecture`: the features of an image in place of its classes. */
export { FEATURES_OUTPUT } from './features-output.ts';
export type { NamedModel, WeightsFile, WeightsHash } from './named-model.ts';

/** All named models, by family, small ones first. */
export const NAMED_MODELS: readonly NamedModel[] = CATALOG_ENTRIES;

const BY_NAME = new Map(NAMED_MODELS.map((model) => [model.name.toLowerCase(), model]));

/** The model of this name in any case, undefined when there is none. */
export function findNamedModel(name: string): NamedModel | undefined {
  return BY_NAME.get(name.toLowerCase());
}

/** The same; throws a SqlensError (undefined_object) that names the closest ones. */
export function namedModel(name: string): NamedModel {
  const model = findNamedModel(name);
  if (model !== undefined) return model;
  const wanted = name.toLowerCase();
  const close = NAMED_MODELS.map((candidate) => ({
    name: candidate.name,
    distance: editDistance(wanted, candidate.name.toLowerCase()),
  }))
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, 3);
  throw new SqlensError({
    sqlState: SqlState.undefinedObject,
    message: `there is no model named "${name.slice(0, 100)}"`,
    hint: `Did you mean ${close.map((candidate) => candidate.name).join(', ')}? SHOW NAMED MODELS lists all.`,
  });
}

/** Insertions, deletions and replacements that make `b` of `a`; names longer than any model's count as cut off. */
function editDistance(a: string, b: string): number {
  const from = [...a.slice(0, 40)];
  const to = [...b];
  let previous = Array.from({ length: to.length + 1 }, (_, i) => i);
  for (const [i, letter] of from.entries()) {
    const row = [i + 1];
    for (const [j, other] of to.entries()) {
      const replaced = (previous[j] ?? 0) + (letter === other ? 0 : 1);
      row.push(Math.min(replaced, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1));
    }
    previous = row;
  }
  return previous.at(-1) ?? 0;
}
