/** Opens a Keras file of either format: its architecture, its weights, and which Keras wrote it. */
import { messageOf, SqlState } from '../../../common/errors.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { invalidFile, ModelError, tooLarge, unsupportedPart } from '../../model-error.ts';
import type { RefuseOtherMeaning } from '../call.ts';
import type { KerasMajor } from '../config/activations.ts';
import { type ModelConfig, parseArchitecture } from '../config/architecture.ts';
import { isRecord } from '../config/json.ts';
import { H5Reader } from './h5.ts';
import { H5WeightSource, KerasWeightSource, type WeightSource } from './weight-source.ts';
import { type KnownArchitecture, openWeightsFile } from './weights-file.ts';
import { holdsWeightsOnly } from './weights-layout.ts';
import { ZipReader } from './zip.ts';

export interface KerasFile {
  readonly model: ModelConfig;
  readonly weights: WeightSource;
  readonly keras: KerasMajor;
  /** As the file says it: `3.5.0`. */
  readonly kerasVersion?: string | undefined;
  /** Set for files that are another program's, which computes some layers otherwise. */
  readonly refuseOtherMeaning?: RefuseOtherMeaning | undefined;
}

/**
 * Opens `.h5` bytes for as long as `use` runs.
 *
 * @param known what a file of weights alone belongs to
 */
export async function withH5File<T>(
  bytes: Uint8Array,
  use: (file: KerasFile) => T,
  known?: KnownArchitecture,
): Promise<T> {
  const h5 = await H5Reader.open(bytes);
  try {
    const [text] = h5.strings('/', 'model_config') ?? [];
    if (text === undefined) return use(weightsOnly(h5, known));
    if (known !== undefined) throw architectureInFile();
    const config = parseJson(text, 'model_config');
    const version = h5.strings('/', 'keras_version')?.[0];
    // First, since nothing in a file of Keras 1 means what it would in a later one.
    const keras = kerasMajor(version, text);
    const model = parseArchitecture(config);
    return use({ model, weights: new H5WeightSource(h5), keras, kerasVersion: version });
  } finally {
    h5.close();
  }
}

function weightsOnly(h5: H5Reader, known: KnownArchitecture | undefined): KerasFile {
  if (!holdsWeightsOnly(h5)) {
    throw invalidFile('the HDF5 file holds no Keras model', 'Save the whole model with model.save(path).');
  }
  if (known === undefined) {
    throw invalidFile(
      'the file holds weights only, no architecture',
      "Name the architecture if it is one of keras.applications, OPTIONS (architecture = 'MobileNetV2'), or save the whole model with model.save(path).",
    );
  }
  return { ...openWeightsFile(h5, known), keras: 3 };
}

/** The file's own architecture is the one that its weights fit. */
export function architectureInFile(): ModelError {
  return new ModelError({
    sqlState: SqlState.invalidParameterValue,
    message: 'an architecture is named, but the file holds its own',
    hint: 'Leave architecture out: it is for files that hold weights only.',
  });
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
  const written = isRecord(metadata) ? metadata.keras_version : undefined;
  const version = typeof written === 'string' ? written : undefined;
  const keras = kerasMajor(version, text);
  const model = parseArchitecture(parseJson(text, 'config.json'));
  const h5 = await H5Reader.open(part('model.weights.h5', MODEL_LIMITS.zipEntry_bytes));
  try {
    return use({ model, weights: new KerasWeightSource(h5), keras, kerasVersion: version });
  } finally {
    h5.close();
  }
}

function parseJson(text: string, what: string): unknown {
  if (text.length > MODEL_LIMITS.config_bytes) throw tooLarge(`${what} takes ${text.length} bytes`);
  try {
    return JSON.parse(PYTHON_NUMBERS.test(text) ? withoutPythonNumbers(text) : text);
  } catch (error) {
    throw invalidFile(`${what} is not JSON: ${messageOf(error)}`);
  }
}

/** Python writes these into JSON, where they do not belong. */
const PYTHON_NUMBERS = /[:[,]\s*(?:NaN|-?Infinity)\b/;

/** Infinity as a number too large for JSON; NaN as a text, which no option takes. */
function withoutPythonNumbers(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|(-?)Infinity\b|NaN\b/g, (token, sign: string | undefined) => {
    if (token.startsWith('"')) return token;
    return token === 'NaN' ? '"NaN"' : `${sign ?? ''}1e999`;
  });
}

/** Options that Keras 2 renamed. */
const KERAS_1 = /"(?:nb_filter|border_mode|dim_ordering|W_regularizer|W_constraint)":/;

/** The major version of Keras, by what the file says, else by the dialect of its architecture. */
function kerasMajor(version: string | undefined, config: string): KerasMajor {
  const major = /^(\d+)\./.exec(version ?? '')?.[1];
  switch (major) {
    case '2':
      return 2;
    case '3':
      return 3;
    case undefined:
      if (KERAS_1.test(config)) return kerasMajor('1.x', config);
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
