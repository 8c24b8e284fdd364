/** Opens a Keras file of either format: its architecture, its weights, and which Keras wrote it. */
import { messageOf } from '../../../common/errors.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidFile, tooLarge, unsupportedPart } from '../../model-error.ts';
import type { KerasMajor } from '../config/activations.ts';
import { type ModelConfig, parseArchitecture } from '../config/architecture.ts';
import { isRecord } from '../config/json.ts';
import { H5Reader } from './h5.ts';
import { H5WeightSource, KerasWeightSource, type WeightSource } from './weight-source.ts';
import { ZipReader } from './zip.ts';

export interface KerasFile {
  readonly model: ModelConfig;
  readonly weights: WeightSource;
  readonly keras: KerasMajor;
  /** As the file says it: `3.5.0`. */
  readonly kerasVersion?: string | undefined;
}

/** Opens `.h5` bytes for as long as `use` runs. */
export async function withH5File<T>(bytes: Uint8Array, use: (file: KerasFile) => T): Promise<T> {
  const h5 = await H5Reader.open(bytes);
  try {
    const [text] = h5.strings('/', 'model_config') ?? [];
    if (text === undefined) {
      const weightsOnly =
        h5.strings('/', 'layer_names') !== undefined || h5.children('/layers') !== undefined;
      throw invalidFile(
        weightsOnly ? 'the file holds weights only, no architecture' : 'the HDF5 file holds no Keras model',
        'Save the whole model with model.save(path).',
      );
    }
    const config = parseJson(text, 'model_config');
    const version = h5.strings('/', 'keras_version')?.[0];
    return use({
      model: parseArchitecture(config),
      weights: new H5WeightSource(h5),
      keras: kerasMajor(version, text),
      kerasVersion: version,
    });
  } finally {
    h5.close();
  }
}

/** Opens `.keras` bytes (a zip archive) for as long as `use` runs. */
export async function withKerasArchive<T>(bytes: Uint8Array, use: (file: KerasFile) => T): Promise<T> {
  const archive = new ZipReader(bytes);
  const part = (name: string, limit_bytes: number): Uint8Array => {
    const data = archive.read(name, limit_bytes);
    if (data === undefined) throw invalidFile(`the archive holds no ${name}: it is not a Keras model`);
    return data;
  };
  const text = new TextDecoder().decode(part('config.json', MODEL_LIMITS.config_bytes));
  const metadata = parseJson(
    new TextDecoder().decode(part('metadata.json', MODEL_LIMITS.config_bytes)),
    'metadata.json',
  );
  const model = parseArchitecture(parseJson(text, 'config.json'));
  const written = isRecord(metadata) ? metadata.keras_version : undefined;
  const version = typeof written === 'string' ? written : undefined;
  const h5 = await H5Reader.open(part('model.weights.h5', MODEL_LIMITS.zipEntry_bytes));
  try {
    const keras = kerasMajor(version, text);
    return use({ model, weights: new KerasWeightSource(h5), keras, kerasVersion: version });
  } finally {
    h5.close();
  }
}

function parseJson(text: string, what: string): unknown {
  if (text.length > MODEL_LIMITS.config_bytes) throw tooLarge(`${what} takes ${text.length} bytes`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw invalidFile(`${what} is not JSON: ${messageOf(error)}`);
  }
}

/** The major version of Keras, by what the file says, else by the dialect of its architecture. */
function kerasMajor(version: string | undefined, config: string): KerasMajor {
  const major = /^(\d+)\./.exec(version ?? '')?.[1];
  switch (major) {
    case '2':
      return 2;
    case '3':
      return 3;
    case undefined:
      if (config.includes('"batch_input_shape"')) return 2;
      return config.includes('"batch_shape"') ? 3 : undefined;
    default:
      throw unsupportedPart(
        `the file was written by Keras ${version}`,
        'only files of Keras 2 and 3 are read',
        'Load the model in Keras 2 or 3 and save it again.',
      );
  }
}
