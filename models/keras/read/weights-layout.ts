/**
 * Finds the weights of an architecture's layers in a file of weights alone: Keras' older layout (`layer_names`, one
 * group for each layer) or that of Keras 3 (`layers/<class>/vars/<i>`).
 *
 * Every architecture without its classifier begins as the whole one does: the i-th of its layers with weights is the
 * i-th of the file, whatever the file calls it.
 */
import { invalidFile, type ModelError } from '../../model-error.ts';
import type { WeightedLayer } from '../../zoo/architectures/weighted-layers.ts';
import type { ModelConfig } from '../config/architecture.ts';
import type { H5Reader } from './h5.ts';
import { H5WeightSource, KerasWeightSource, type StoredWeight } from './weight-source.ts';

/** What the file is to be matched with. */
export interface ExpectedWeights {
  readonly name: string;
  /** The whole network. */
  readonly model: ModelConfig;
  /** Its layers with weights; the first `headless` of them are those of the network without its classifier. */
  readonly layers: readonly WeightedLayer[];
  readonly headless: number;
}

export interface MatchedWeights {
  readonly hasClassifier: boolean;
  /** Weights of the i-th layer, in Keras' order. */
  weightsOf(i: number): readonly StoredWeight[];
}

/** Whether an HDF5 file without an architecture holds weights of a Keras model. */
export function holdsWeightsOnly(h5: H5Reader): boolean {
  return layerNames(h5) !== undefined || h5.children('/layers') !== undefined;
}

/** Throws a ModelError when the file's layers are not the architecture's. */
export function matchWeights(h5: H5Reader, expected: ExpectedWeights): MatchedWeights {
  const names = layerNames(h5);
  return names === undefined ? matchKeras3(h5, expected) : matchGroups(h5, names, expected);
}

/** One group for each outermost layer; as Keras does, by name or else in order. */
function matchGroups(h5: H5Reader, names: readonly string[], expected: ExpectedWeights): MatchedWeights {
  const { layers } = expected;
  const source = new H5WeightSource(h5, '');
  const stored = new Map<string, readonly StoredWeight[]>();
  for (const group of names) {
    const weights = source.weightsOf({ names: [group], storage: [] });
    if (weights.length > 0) stored.set(group, weights);
  }
  const groups = [...stored.keys()];
  const whole = outermost(layers);
  const headless = outermost(layers.slice(0, expected.headless));
  const found =
    [whole, headless].find((wanted) => wanted.every((layer) => stored.has(layer))) ??
    (groups.length === whole.length || groups.length === headless.length ? groups : undefined);
  if (found === undefined) {
    const counts = `${whole.length}, and ${headless.length} without its classifier`;
    throw mismatch(
      expected,
      `the file holds weights for ${groups.length} layers; ${expected.name} has ${counts}`,
    );
  }
  const groupOf = new Map(whole.map((layer, i) => [layer, found[i]]));
  return {
    hasClassifier: found.length === whole.length,
    weightsOf(i) {
      const layer = layers[i];
      const weights = stored.get(groupOf.get(layer?.path[0] ?? '') ?? '') ?? [];
      if (layer === undefined || layer.path.length === 1) return weights;
      // A chain's group lists the weights of all of its layers.
      const before = layers.slice(0, i).filter(({ path }) => path[0] === layer.path[0]);
      const start = before.reduce((sum, each) => sum + each.weights.length, 0);
      return weights.slice(start, start + layer.weights.length);
    },
  };
}

/** Groups are named after classes: order within a class is all there is to go by. */
function matchKeras3(h5: H5Reader, expected: ExpectedWeights): MatchedWeights {
  const { layers, headless, name } = expected;
  const source = new KerasWeightSource(h5);
  const places = storagePlaces(expected.model);
  const weightsOf = (i: number): readonly StoredWeight[] => {
    const storage = places.get(layers[i]?.path.join('/') ?? '');
    return storage === undefined ? [] : source.weightsOf({ names: [], storage });
  };
  const missing = layers.findIndex((_, i) => weightsOf(i).length === 0);
  const hasClassifier = missing < 0;
  if (!hasClassifier && missing < headless) {
    const layer = layers[missing]?.path.join('/') ?? '';
    throw mismatch(expected, `the file holds no weights for layer "${layer}" of ${name}`);
  }
  return { hasClassifier, weightsOf };
}

/** Where Keras 3 keeps each layer's weights, by the layer's path. */
function storagePlaces(
  model: ModelConfig,
  names: readonly string[] = [],
  storage: readonly string[] = [],
): Map<string, readonly string[]> {
  const places = new Map<string, readonly string[]>();
  for (const layer of model.layers) {
    const path = [...names, layer.name];
    const place = [...storage, layer.storageName];
    places.set(path.join('/'), place);
    if (layer.model === undefined) continue;
    for (const [inner, innerPlace] of storagePlaces(layer.model, path, place)) places.set(inner, innerPlace);
  }
  return places;
}

function outermost(layers: readonly WeightedLayer[]): string[] {
  return [...new Set(layers.map(({ path }) => path[0] ?? ''))];
}

/** Keras' list of the layers in an older file, which is split where it is long. */
function layerNames(h5: H5Reader): string[] | undefined {
  const whole = h5.strings('/', 'layer_names');
  if (whole !== undefined) return whole;
  const names: string[] = [];
  for (let part = 0; ; part++) {
    const chunk = h5.strings('/', `layer_names${part}`);
    if (chunk === undefined) return part === 0 ? undefined : names;
    names.push(...chunk);
  }
}

function mismatch({ name }: ExpectedWeights, problem: string): ModelError {
  return invalidFile(
    problem,
    `Check that the weights are those of ${name} as keras.applications makes it; with layers of your own, save the whole model.`,
  );
}
