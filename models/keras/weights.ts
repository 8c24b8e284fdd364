/** Reads the weights that a layer asks for, checked against the shapes that its options and inputs make. */
import { elementCount, Weight } from '../graph/weight.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { inLayer, invalidLayer, ModelError, tooLarge } from '../model-error.ts';
import type { ImportSession, LayerInstance } from './call.ts';
import type { WeightShapes, Weights } from './layers/definition.ts';
import type { StoredWeight } from './read/weight-source.ts';

interface Wanted {
  readonly role: string;
  readonly shape: readonly number[];
}

/**
 * @param shapes by role, in Keras' order; undefined for weights that the layer does not have
 * @param frozen roles that training never changes by gradient
 */
export function readWeights<S extends WeightShapes>(
  session: ImportSession,
  instance: LayerInstance,
  shapes: S,
  frozen: ReadonlySet<PropertyKey>,
): Weights<S>;
export function readWeights(
  session: ImportSession,
  instance: LayerInstance,
  shapes: WeightShapes,
  frozen: ReadonlySet<PropertyKey>,
): unknown {
  const { ref } = instance.config;
  const wanted = Object.entries(shapes).flatMap(([role, shape]) =>
    shape === undefined ? [] : [{ role, shape }],
  );
  try {
    instance.own ??= loadWeights(session, instance, wanted, frozen);
  } catch (error) {
    throw error instanceof ModelError ? inLayer(ref, error) : error;
  }
  for (const { role, shape } of wanted) {
    const weight = instance.own.get(role);
    if (weight?.shape.join() !== shape.join()) {
      throw invalidLayer(ref, `is called with inputs that need ${role} weights of different shapes`);
    }
  }
  return Object.fromEntries(wanted.map(({ role }) => [role, instance.own?.get(role)]));
}

function loadWeights(
  session: ImportSession,
  instance: LayerInstance,
  wanted: readonly Wanted[],
  frozen: ReadonlySet<PropertyKey>,
): ReadonlyMap<string, Weight> {
  const { ref, options } = instance.config;
  const loaded = new Map<string, Weight>();
  const path = pathInLayer(instance);
  let found = session.source.weightsOf(instance.location);
  for (const place of instance.otherLocations) {
    if (found.length === 0) found = session.source.weightsOf(place);
  }
  for (const { role, shape, stored } of match(instance, wanted, found)) {
    session.weightCount += elementCount(shape);
    if (session.weightCount > MODEL_LIMITS.weights) {
      throw tooLarge(`the model has more than ${MODEL_LIMITS.weights} weights`);
    }
    const trainable = options.trainable !== false && !frozen.has(role);
    loaded.set(role, new Weight(`${ref.name}/${path}${role}`, shape, stored.read(), trainable));
  }
  for (let owner: LayerInstance | undefined = instance; owner !== undefined; owner = owner.owner) {
    const named = [...loaded.values()].map((weight) => [weight.name, weight] as const);
    owner.weights = new Map([...(owner.weights ?? []), ...named]);
  }
  return loaded;
}

/** `cell/`: where a part of a layer lies within the layer; nothing for a layer with a name of its own. */
function pathInLayer({ config, location, owner }: LayerInstance): string {
  if (owner === undefined || owner.config !== config) return '';
  const whole = owner.location.storage.at(-1) ?? '';
  return `${(location.storage.at(-1) ?? '').slice(whole.length + 1)}/`;
}

/** Finds each wanted weight among the stored ones: by name where the file has names, else by position. */
function match(
  { config, location }: LayerInstance,
  wanted: readonly Wanted[],
  stored: readonly StoredWeight[],
): (Wanted & { stored: StoredWeight })[] {
  const names = wanted.map(({ role }) => role).join(', ');
  if (stored.length === 0 && wanted.length > 0) {
    throw invalidLayer(
      config.ref,
      `its weights (${names}) are missing from the file (looked for ${location.names.join('/')})`,
    );
  }
  if (stored.length !== wanted.length) {
    throw invalidLayer(
      config.ref,
      `the file holds ${stored.length} weights for it where its options ask for ${wanted.length} (${names})`,
    );
  }
  const byRole = new Map(stored.map((weight) => [weight.role, weight]));
  const named = wanted.every(({ role }) => byRole.has(role));
  return wanted.map(({ role, shape }, i) => {
    const weight = named ? byRole.get(role) : stored[i];
    if (weight === undefined || weight.shape.join() !== shape.join()) {
      const found =
        weight === undefined || weight.shape[0] === -1 ? 'missing' : `(${weight.shape.join(', ')})`;
      throw invalidLayer(
        config.ref,
        `its ${role} should have shape (${shape.join(', ')}), in the file it is ${found}`,
      );
    }
    return { role, shape, stored: weight };
  });
}
