/** Opens files that hold weights alone, for an architecture that the zoo knows. */
import { SqlState } from '../../../common/errors.ts';
import { invalidFile, ModelError } from '../../model-error.ts';
import { architectureJson } from '../../zoo/architectures/index.ts';
import { type WeightedLayer, weightedLayers } from '../../zoo/architectures/weighted-layers.ts';
import { namedModel } from '../../zoo/catalog.ts';
import { FEATURES_OUTPUT } from '../../zoo/features-output.ts';
import { type ModelConfig, parseArchitecture } from '../config/architecture.ts';
import type { H5Reader } from './h5.ts';
import type { WeightSource } from './weight-source.ts';
import { type MatchedWeights, matchWeights } from './weights-layout.ts';

/** What the weights are said to belong to. */
export interface KnownArchitecture {
  /** A name of the zoo, in any case. */
  readonly name: string;
  /** FEATURES_OUTPUT, an inner layer, or undefined for what the file's own network ends with. */
  readonly output: string | undefined;
  /** `[height, width, 3]`; undefined for the size that the architecture was made for. */
  readonly inputShape: readonly number[] | undefined;
}

export interface OpenedWeights {
  readonly model: ModelConfig;
  readonly weights: WeightSource;
}

/** Rows of a Dense after a Flatten for each channel of VGG's last map: its size tells that of the images. */
const VGG_CHANNELS = 512;
const VGG_STRIDE = 32;

/**
 * Finds the weights of every layer, with or without the classifier; the number of classes is read off them. Files
 * without a classifier, and FEATURES_OUTPUT, give the network that ends with the features.
 *
 * Throws a ModelError when the file's layers are not the architecture's, and a SqlensError for an unknown name.
 */
export function openWeightsFile(h5: H5Reader, known: KnownArchitecture): OpenedWeights {
  const { name, inputSize_px } = namedModel(known.name);
  const defaults: readonly [number, number] = [inputSize_px, inputSize_px];
  const whole = architectureJson(name, defaults);
  const layers = weightedLayers(whole);
  const headless = weightedLayers(architectureJson(name, defaults, { includeTop: false, pooling: 'avg' }));
  const file = matchWeights(h5, { name, model: parseArchitecture(whole), layers, headless: headless.length });
  const includeTop = file.hasClassifier && known.output !== FEATURES_OUTPUT;
  const size = given(name, known.inputShape) ?? flattenedSize(file, layers) ?? defaults;
  const model = architectureJson(name, size, {
    includeTop,
    pooling: 'avg',
    classes: includeTop ? classCount(file, layers) : 1,
    imagenetScaling: normalizesAsImagenet(file, layers),
  });
  const places = new Map(weightedLayers(model).map(({ path }, i) => [path.join('/'), i]));
  const weights: WeightSource = {
    weightsOf({ names }) {
      const i = places.get(names.join('/'));
      return i === undefined ? [] : file.weightsOf(i);
    },
  };
  return { model: parseArchitecture(model), weights };
}

function given(
  name: string,
  shape: readonly number[] | undefined,
): readonly [height: number, width: number] | undefined {
  if (shape === undefined) return undefined;
  const [height, width, channels, ...others] = shape;
  if (height !== undefined && width !== undefined && channels === 3 && others.length === 0) {
    return [height, width];
  }
  throw new ModelError({
    sqlState: SqlState.invalidParameterValue,
    message: `${name} takes images of shape (height, width, 3), not (${shape.join(', ')})`,
    hint: 'Leave the shape out for the size that the architecture was made for.',
  });
}

/** The size of square images whose last map, flattened, has as many numbers as the first Dense takes. */
function flattenedSize(
  file: MatchedWeights,
  layers: readonly WeightedLayer[],
): readonly [number, number] | undefined {
  const first = layers.findIndex(({ path }) => path[0] === 'fc1');
  if (first < 0 || !file.hasClassifier) return undefined;
  const rows = file.weightsOf(first)[0]?.shape[0] ?? 0;
  const side = Math.sqrt(rows / VGG_CHANNELS);
  if (!Number.isInteger(side) || side < 1) {
    throw invalidFile(
      `layer "fc1" takes ${rows} numbers, which is no square map of ${VGG_CHANNELS} channels`,
      'Save the whole model with model.save(path).',
    );
  }
  return [side * VGG_STRIDE, side * VGG_STRIDE];
}

function classCount(file: MatchedWeights, layers: readonly WeightedLayer[]): number {
  const classes = file.weightsOf(layers.length - 1)[0]?.shape.at(-1) ?? 0;
  if (classes > 1) return classes;
  throw invalidFile(
    'the classifier has a single output, and a file of weights does not say what it means',
    'Save the whole model with model.save(path).',
  );
}

/** ImageNet's statistics as they stand, to the digit, in the weights that Keras publishes for EfficientNet. */
function normalizesAsImagenet(file: MatchedWeights, layers: readonly WeightedLayer[]): boolean {
  const normalization = layers.findIndex(({ className }) => className === 'Normalization');
  if (normalization < 0) return false;
  const [mean, variance] = file.weightsOf(normalization).map((weight) => weight.read());
  const deviation = [0.229, 0.224, 0.225];
  const near = (numbers: Float32Array | undefined, wanted: readonly number[]): boolean =>
    wanted.every((value, i) => Math.abs((numbers?.[i] ?? 0) - value) < 1e-5);
  const squares = deviation.map((value) => value ** 2);
  return near(mean, [0.485, 0.456, 0.406]) && (near(variance, deviation) || near(variance, squares));
}
