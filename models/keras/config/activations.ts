/** Keras' activation functions by name, in the meaning that the version which wrote the file gave them. */
import type { LayerRef } from '../../graph/layer-ref.ts';
import type { ActivationFunction } from '../../graph/ops/activation.ts';
import { unsupported } from '../../model-error.ts';
import { isList, isRecord, show } from './json.ts';
import { OptionReader } from './options.ts';

export type Activation =
  | { readonly kind: 'linear' }
  | { readonly kind: 'function'; readonly fn: ActivationFunction }
  | { readonly kind: 'softmax'; readonly axis: number; readonly log: boolean }
  /** Functions of all features together. */
  | { readonly kind: 'features'; readonly fn: 'glu' | 'sparsemax'; readonly axis: number };

export type KerasMajor = 2 | 3 | undefined;

type Make = (keras: KerasMajor, ref: LayerRef) => ActivationFunction;

const relu = (maxValue?: number, negativeSlope = 0): ActivationFunction => ({
  name: 'relu',
  maxValue,
  negativeSlope,
  threshold: 0,
});

/** 0.2 in Keras 1 and 2, a sixth since Keras 3: a file that does not say which cannot be computed exactly. */
function hardSlope(keras: KerasMajor, ref: LayerRef): number {
  if (keras === undefined) {
    throw unsupported(ref, 'hard_sigmoid depends on the version of Keras, which the file does not tell');
  }
  return keras === 2 ? 0.2 : 1 / 6;
}

const FUNCTIONS: Readonly<Record<string, Make>> = {
  relu: () => relu(),
  relu6: () => relu(6),
  leaky_relu: () => relu(undefined, 0.2),
  elu: () => ({ name: 'elu', alpha: 1 }),
  celu: () => ({ name: 'celu', alpha: 1 }),
  selu: () => ({ name: 'selu' }),
  sigmoid: () => ({ name: 'sigmoid' }),
  tanh: () => ({ name: 'tanh' }),
  softplus: () => ({ name: 'softplus' }),
  softsign: () => ({ name: 'softsign' }),
  silu: () => ({ name: 'silu' }),
  swish: () => ({ name: 'silu' }),
  mish: () => ({ name: 'mish' }),
  exponential: () => ({ name: 'exponential' }),
  log_sigmoid: () => ({ name: 'logSigmoid' }),
  hard_tanh: () => ({ name: 'hardTanh' }),
  hard_shrink: () => ({ name: 'hardShrink', threshold: 0.5 }),
  soft_shrink: () => ({ name: 'softShrink', threshold: 0.5 }),
  sparse_plus: () => ({ name: 'sparsePlus' }),
  sparse_sigmoid: () => ({ name: 'sparseSigmoid' }),
  squareplus: () => ({ name: 'squareplus', b: 4 }),
  tanh_shrink: () => ({ name: 'tanhShrink' }),
  gelu: () => ({ name: 'gelu', approximate: false }),
  hard_sigmoid: (keras, ref) => ({ name: 'hardSigmoid', slope: hardSlope(keras, ref) }),
  hard_silu: () => ({ name: 'hardSilu', slope: 1 / 6 }),
  hard_swish: () => ({ name: 'hardSilu', slope: 1 / 6 }),
};

/** Layers that stand for activations (`activation=LeakyReLU(0.1)`), by class name. */
const LAYERS: Readonly<Record<string, (options: OptionReader) => Activation>> = {
  ReLU: reluLayer,
  LeakyReLU: leakyReluLayer,
  ELU: (options) => ({ kind: 'function', fn: { name: 'elu', alpha: options.number('alpha', 1) } }),
  Softmax: (options) => ({ kind: 'softmax', axis: softmaxAxis(options), log: false }),
};

export function reluLayer(options: OptionReader): Activation {
  const fn: ActivationFunction = {
    name: 'relu',
    maxValue: options.optionalNumber('max_value'),
    negativeSlope: options.number('negative_slope', 0),
    threshold: options.number('threshold', 0),
  };
  return { kind: 'function', fn };
}

/** Keras 2 calls the slope alpha, with another default only where it is left out altogether. */
export function leakyReluLayer(options: OptionReader): Activation {
  const slope = options.number(options.has('alpha') ? 'alpha' : 'negative_slope', 0.3);
  return { kind: 'function', fn: relu(undefined, slope) };
}

export function softmaxAxis(options: OptionReader): number {
  const raw = options.raw('axis') ?? -1;
  const axis = isList(raw) && raw.length === 1 ? raw[0] : raw;
  if (typeof axis === 'number' && Number.isSafeInteger(axis)) return axis;
  throw options.invalid('axis', 'one whole number');
}

/** Reads an `activation` option: a name, nothing, or a serialized object. */
export function parseActivation(value: unknown, keras: KerasMajor, ref: LayerRef): Activation {
  if (value === null || value === undefined || value === 'linear') return { kind: 'linear' };
  if (typeof value === 'string') return byName(value, keras, ref);
  if (isRecord(value)) {
    const { class_name: className, config } = value;
    if (typeof config === 'string' && className === 'function') return parseActivation(config, keras, ref);
    const layer =
      typeof className === 'string' && Object.hasOwn(LAYERS, className) ? LAYERS[className] : undefined;
    if (layer !== undefined && isRecord(config)) {
      const options = new OptionReader(ref, config);
      const activation = layer(options);
      options.finish();
      return activation;
    }
  }
  throw unsupported(ref, `activation ${show(value)} is not supported`);
}

function byName(name: string, keras: KerasMajor, ref: LayerRef): Activation {
  if (name === 'softmax' || name === 'log_softmax')
    return { kind: 'softmax', axis: -1, log: name !== 'softmax' };
  if (name === 'glu' || name === 'sparsemax') return { kind: 'features', fn: name, axis: -1 };
  const make = Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name] : undefined;
  if (make === undefined) throw unsupported(ref, `activation "${name}" is not supported`);
  return { kind: 'function', fn: make(keras, ref) };
}
