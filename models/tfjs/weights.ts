/** The weights of a TensorFlow.js model: numbers that lie one after the other in the files of a group. */
import { elementCount } from '../graph/weight.ts';
import { halfToFloat } from '../keras/read/half.ts';
import type { LayerLocation, StoredWeight, WeightSource } from '../keras/read/weight-source.ts';
import { invalidFile, unsupportedPart } from '../model-error.ts';
import type { TfjsGroup, TfjsWeight } from './manifest.ts';

interface NamedWeight extends StoredWeight {
  /** The path before the role: names of scopes, models and layers. */
  readonly scope: readonly string[];
}

/** Weights are found by their names: `dense/kernel`, those of nested models by the names of their own layers. */
export class TfjsWeightSource implements WeightSource {
  readonly #weights: readonly NamedWeight[];

  /**
   * @param parts what lies in the files beside model.json, by name
   * Throws a ModelError when a file is missing or a group has not the size that its weights take.
   */
  constructor(groups: readonly TfjsGroup[], parts: ReadonlyMap<string, Uint8Array>) {
    const seen = new Set<string>();
    this.#weights = groups.flatMap((group) => {
      const bytes = new GroupBytes(group, parts);
      return group.weights.map((weight) => {
        if (seen.has(weight.name)) throw invalidFile(`two weights are named "${weight.name}"`);
        seen.add(weight.name);
        return named(weight, bytes);
      });
    });
  }

  weightsOf({ names }: LayerLocation): readonly StoredWeight[] {
    const layer = partsOf(names.at(-1) ?? '');
    const inside = this.#weights.filter(({ scope }) => positionOf(scope, layer) >= 0);
    // A name may begin another one: `conv` and `conv/norm` are two layers of MobileNetV3.
    const exact = inside.filter(({ scope }) => scope.join('/').endsWith(layer.join('/')));
    let found = exact.length > 0 ? exact : inside;
    for (const model of names.slice(0, -1).toReversed()) {
      const narrower = found.filter(({ scope }) => positionOf(scope, partsOf(model)) >= 0);
      // Names of models around a layer are often left out.
      if (narrower.length > 0) found = narrower;
    }
    const outermost = found.filter(({ scope }) => scope.length === layer.length);
    return names.length === 1 && outermost.length > 0 ? outermost : found;
  }
}

function partsOf(name: string): string[] {
  return name.split('/').filter((part) => part !== '');
}

/** Where the parts stand one after the other in a scope, -1 when they do not. */
function positionOf(scope: readonly string[], parts: readonly string[]): number {
  return scope.findIndex((_, start) => parts.every((part, i) => scope[start + i] === part));
}

function named(weight: TfjsWeight, bytes: GroupBytes): NamedWeight {
  const parts = partsOf(weight.name);
  return {
    path: weight.name,
    shape: weight.shape,
    // Converters of Keras' files may keep the `:0` of TensorFlow's names.
    role: parts.at(-1)?.replace(/:\d+$/, ''),
    scope: parts.slice(0, -1),
    read: () => numbers(weight, bytes.slice(weight.offset_bytes, weight.size_bytes)),
  };
}

/** As TensorFlow.js reads them: computed in double precision, kept in single. */
function numbers(
  { name, dtype, shape, quantization }: TfjsWeight,
  bytes: Uint8Array<ArrayBuffer>,
): Float32Array {
  if (dtype !== 'float32') {
    throw unsupportedPart(
      `weight "${name}"`,
      `its numbers are ${dtype}`,
      'Save the model with float32 weights.',
    );
  }
  const { buffer } = bytes;
  const count = elementCount(shape);
  if (quantization === undefined) return new Float32Array(buffer, 0, count);
  if (quantization.dtype === 'float16') return halfToFloat(new Uint16Array(buffer, 0, count));
  const { scale, min } = quantization;
  const stored = quantization.dtype === 'uint8' ? bytes : new Uint16Array(buffer, 0, count);
  return Float32Array.from(stored, (number) => number * scale + min);
}

/** The bytes of a group, which its files hold one after the other; a weight may lie across their borders. */
class GroupBytes {
  readonly #files: readonly Uint8Array[];

  constructor({ paths, size_bytes }: TfjsGroup, parts: ReadonlyMap<string, Uint8Array>) {
    this.#files = paths.map((path) => {
      const bytes = parts.get(path);
      if (bytes === undefined) {
        throw invalidFile(
          `the weights' file ${path} is missing`,
          'Put model.json and its files of weights into one folder; send them to the HTTP interface as one zip.',
        );
      }
      return bytes;
    });
    const found_bytes = this.#files.reduce((sum, file) => sum + file.byteLength, 0);
    if (found_bytes !== size_bytes) {
      throw invalidFile(`${paths.join(', ')} hold ${found_bytes} bytes where the weights take ${size_bytes}`);
    }
  }

  /** A copy, so that it begins at a border that every type of number may begin at. */
  slice(offset_bytes: number, size_bytes: number): Uint8Array<ArrayBuffer> {
    const copy = new Uint8Array(size_bytes);
    let start_bytes = 0;
    for (const file of this.#files) {
      const from = Math.max(offset_bytes - start_bytes, 0);
      const to = Math.min(offset_bytes + size_bytes - start_bytes, file.byteLength);
      if (from < to) copy.set(file.subarray(from, to), start_bytes + from - offset_bytes);
      start_bytes += file.byteLength;
    }
    return copy;
  }
}
