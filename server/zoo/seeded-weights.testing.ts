/** A file of weights as Keras publishes them, with numbers that follow from the layers' names. For tests alone. */
import { File, ready } from 'h5wasm';
import { architectureJson } from '../../models/zoo/architectures/index.ts';
import { weightedLayers } from '../../models/zoo/architectures/weighted-layers.ts';
import type { NamedModel } from '../../models/zoo/catalog.ts';
import { seededWeight } from '../../models/zoo/check/seeded.ts';

let filesMade = 0;

/** @param gain of the convolutions: about 2 keeps activations as large as they were behind a ReLU */
export async function seededWeights(model: NamedModel, gain = 2): Promise<Buffer> {
  const { FS } = await ready;
  const size = [model.inputSize_px, model.inputSize_px] as const;
  const layers = weightedLayers(architectureJson(model.name, size));
  const path = `/seeded-${++filesMade}.h5`;
  const file = new File(path, 'w');
  file.create_attribute(
    'layer_names',
    layers.map((layer) => layer.path.join('/')),
  );
  for (const layer of layers) {
    const name = layer.path.join('/');
    const names = layer.weights.map(({ role }) => `${name}/${role}:0`);
    file.create_group(name).create_attribute('weight_names', names);
    file.create_group(`${name}/${name}`);
    for (const [i, { shape }] of layer.weights.entries()) {
      file.create_dataset({
        name: `${name}/${names[i]}`,
        data: seededWeight(layer, i, { gain }),
        shape: [...shape],
        dtype: '<f4',
      });
    }
  }
  file.flush();
  file.close();
  const bytes = Buffer.from(FS.readFile(path));
  FS.unlink(path);
  return bytes;
}
