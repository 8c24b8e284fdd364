/** Where a layer's weights lie in a file, for each of Keras' file formats. */
import type { H5Reader, StoredTensor } from './h5.ts';

/** Which layer is asked for. */
export interface LayerLocation {
  /** Names of the models around the layer, outermost first (the file's own model left out), then the layer's. */
  readonly names: readonly string[];
  /** The same by the names that .keras files use: `conv2d_1`, counted per class in each model. */
  readonly storage: readonly string[];
}

export interface StoredWeight extends StoredTensor {
  /** `kernel`, `bias` …; undefined where the format has only positions. */
  readonly role: string | undefined;
}

export interface WeightSource {
  /** A layer's weights in the order in which Keras wrote them; empty when the file has none. */
  weightsOf(location: LayerLocation): readonly StoredWeight[];
}

interface NamedWeight extends StoredWeight {
  /** The path before the role: names of scopes, layers and models. */
  readonly parts: readonly string[];
}

/** `.h5`: one group for each layer of the outermost model, whose attribute lists the weights by name. */
export class H5WeightSource implements WeightSource {
  readonly #file: H5Reader;
  readonly #root: string;
  readonly #groups = new Map<string, readonly NamedWeight[]>();

  /** @param root the group that holds the layers' groups: empty in files of weights alone */
  constructor(file: H5Reader, root = '/model_weights') {
    this.#file = file;
    this.#root = root;
  }

  weightsOf({ names }: LayerLocation): readonly StoredWeight[] {
    const [outermost, ...inner] = names;
    if (outermost === undefined) return [];
    let weights = this.#groups.get(outermost);
    if (weights === undefined) {
      weights = this.#readGroup(`${this.#root}/${outermost}`);
      this.#groups.set(outermost, weights);
    }
    // A nested model's group lists the weights of all its layers, trainable ones first: names tell them apart.
    let named: readonly NamedWeight[] = weights;
    for (const name of inner.toReversed()) {
      const narrower = named.filter(({ parts }) => parts.includes(name));
      // The layer's own name must be there; names of models around it often are not.
      if (narrower.length > 0 || name === inner.at(-1)) named = narrower;
    }
    return named;
  }

  #readGroup(group: string): readonly NamedWeight[] {
    const names = this.#file.strings(group, 'weight_names') ?? this.#splitNames(group);
    return names.map((name) => {
      const parts = name.split('/').filter((part) => part !== '');
      const tensor = this.#file.tensor([group, ...parts].join('/'));
      if (tensor === undefined) {
        return { ...missing(`${group}/${name}`), parts: parts.slice(0, -1), role: roleOf(name) };
      }
      return { ...tensor, parts: parts.slice(0, -1), role: roleOf(name) };
    });
  }

  /** Lists longer than HDF5's attribute limit are split into weight_names0, weight_names1 … */
  #splitNames(group: string): string[] {
    const names: string[] = [];
    for (let part = 0; ; part++) {
      const chunk = this.#file.strings(group, `weight_names${part}`);
      if (chunk === undefined) return names;
      names.push(...chunk);
    }
  }
}

/** `dense_1/kernel:0` is the kernel. */
function roleOf(name: string): string {
  const last = name.slice(name.lastIndexOf('/') + 1);
  return last.replace(/:\d+$/, '');
}

/** Listed but not there: the shape matches nothing, so that the layer is refused as it asks for it. */
function missing(path: string): StoredTensor {
  return { path: `${path} (missing)`, shape: [-1], read: () => new Float32Array() };
}

/** `.keras`: `layers/<class>/vars/<i>`, with models inside models as `layers/<class>/layers/…`. */
export class KerasWeightSource implements WeightSource {
  readonly #file: H5Reader;

  constructor(file: H5Reader) {
    this.#file = file;
  }

  weightsOf({ storage }: LayerLocation): readonly StoredWeight[] {
    // Keras 2.12 to 2.15 wrote the same under another name.
    for (const container of ['layers', '_layer_checkpoint_dependencies']) {
      const group = `${storage.map((name) => `/${container}/${name}`).join('')}/vars`;
      const names = this.#file.children(group);
      if (names === undefined) continue;
      return [...names]
        .toSorted((a, b) => Number(a) - Number(b))
        .flatMap((name) => {
          const tensor = this.#file.tensor(`${group}/${name}`);
          return tensor === undefined ? [] : [{ ...tensor, role: undefined }];
        });
    }
    return [];
  }
}
