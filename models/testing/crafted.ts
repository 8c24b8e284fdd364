/** Keras archives written here, around layers that no program would write. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { ZipReader } from '../keras/read/zip.ts';
import type { ModelFile } from '../model-parts.ts';
import { writeZip } from './zip-writer.ts';

export type Options = Readonly<Record<string, unknown>>;

export interface Layer {
  readonly class_name: string;
  readonly config: Options;
  readonly module?: string;
  readonly inbound_nodes?: readonly unknown[];
}

export const LAYER_NAME = 'crafted';

/** A file of weights that holds none. */
const WITHOUT_WEIGHTS = weightsOf('upsampling.keras');

function weightsOf(fixture: string): Uint8Array {
  const bytes = gunzipSync(readFileSync(new URL(`../fixtures/${fixture}.gz`, import.meta.url)));
  const weights = new ZipReader(bytes).read('model.weights.h5', 2 ** 20);
  if (weights === undefined) throw new Error(`${fixture} holds no weights`);
  return weights;
}

/** A call's arguments: tensors by the names of the layers that make them. */
export function tensor(layer: string, shape: readonly (number | null)[] = [null]): Options {
  return {
    class_name: '__keras_tensor__',
    config: { shape, dtype: 'float32', keras_history: [layer, 0, 0] },
  };
}

export function input(shape: readonly (number | null)[], name = 'input'): Layer {
  return { class_name: 'InputLayer', config: { name, batch_shape: [null, ...shape], dtype: 'float32' } };
}

/** A chain of layers behind an input. */
export function sequential(shape: readonly (number | null)[], layers: readonly Layer[]): ModelFile {
  return archive({
    class_name: 'Sequential',
    config: { name: 'model', layers: [input(shape), ...layers.map(withName)] },
  });
}

/** Layers that say themselves what they are called with; the last one is the output. */
export function functional(layers: readonly Layer[]): ModelFile {
  const named = layers.map((layer) => ({ ...withName(layer), inbound_nodes: layer.inbound_nodes ?? [] }));
  const inputs = named
    .filter(({ class_name }) => class_name === 'InputLayer')
    .map(({ name }) => [name, 0, 0]);
  return archive({
    class_name: 'Functional',
    config: {
      name: 'model',
      layers: named,
      input_layers: inputs,
      output_layers: [[named.at(-1)?.name, 0, 0]],
    },
  });
}

function withName(layer: Layer): Layer & { readonly name: unknown } {
  const name = layer.config.name ?? LAYER_NAME;
  return { ...layer, name, config: { ...layer.config, name } };
}

export function archive(config: unknown): ModelFile {
  const text = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
  const bytes = writeZip([
    { name: 'config.json', data: text(config) },
    { name: 'metadata.json', data: text({ keras_version: '3.5.0' }) },
    { name: 'model.weights.h5', data: WITHOUT_WEIGHTS },
  ]);
  return { name: 'crafted.keras', bytes };
}
