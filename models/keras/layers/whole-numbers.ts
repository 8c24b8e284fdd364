/**
 * Whole numbers in models whose inputs are declared so. Keras leaves them whole until a layer makes floats of them, and
 * then rounds what it resizes or normalises, and lets numbers of eight and sixteen bits run over; graphs compute these
 * in floats. Tables of what Keras 3 does on TensorFlow, by class: most layers give the same numbers either way, the
 * others are refused.
 */
import type { Value } from '../../graph/ops/definition.ts';
import { unsupported } from '../../model-error.ts';
import type { LayerConfig } from '../config/architecture.ts';

/** `narrow` numbers have so few bits that sums and products of them run over. */
export type Wholeness = 'narrow' | 'wide';

/** What an input's declared type means; undefined for floats and truth values. */
export function wholenessOf(dtype: unknown): Wholeness | undefined {
  if (typeof dtype !== 'string' || !/^u?int/.test(dtype)) return undefined;
  return /^u?int(8|16)$/.test(dtype) ? 'narrow' : 'wide';
}

/** Layers that give whole numbers for whole numbers. */
const KEEP = new Set([
  'ActivityRegularization',
  'AlphaDropout',
  'Concatenate',
  'Cropping1D',
  'Cropping2D',
  'Cropping3D',
  'Dropout',
  'Flatten',
  'GaussianDropout',
  'GaussianNoise',
  'GlobalMaxPooling1D',
  'GlobalMaxPooling2D',
  'GlobalMaxPooling3D',
  'Identity',
  'Masking',
  'MaxPooling1D',
  'MaxPooling2D',
  'MaxPooling3D',
  'Maximum',
  'Minimum',
  'MixUp',
  'Permute',
  'RandomBrightness',
  'RandomColorDegeneration',
  'RandomColorJitter',
  'RandomContrast',
  'RandomCrop',
  'RandomGrayscale',
  'RandomHue',
  'RandomInvert',
  'RandomPosterization',
  'RandomSaturation',
  'ReLU',
  'RepeatVector',
  'Reshape',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
  'UpSampling1D',
  'UpSampling3D',
  'ZeroPadding1D',
  'ZeroPadding2D',
  'ZeroPadding3D',
]);

/** Layers that round to whole numbers on the way, and those of which Keras computes something else altogether. */
const ROUND = new Set([
  'AdditiveAttention',
  'Attention',
  'GroupNormalization',
  'GroupQueryAttention',
  'GroupedQueryAttention',
  'LayerNorm',
  'LayerNormalization',
  'MultiHeadAttention',
  'RGBToGrayscale',
  'RMSNorm',
  'RMSNormalization',
  'SpectralNormalization',
  'UnitNormalization',
]);

/** They mix neighbours, unless they only repeat them. */
const RESIZE = new Set(['Resize', 'Resizing', 'UpSampling2D']);

/** Layers and operations in which narrow numbers run over. */
const ARITHMETIC = new Set([
  'Add',
  'Average',
  'Cumsum',
  'Diff',
  'Dot',
  'Einsum',
  'Matmul',
  'Multiply',
  'Negative',
  'Power',
  'Square',
  'Subtract',
  'Tensordot',
]);

/** Operations that give numbers of the type they are given. */
const KEEP_OPERATIONS = new Set([
  'Abs',
  'Absolute',
  'Append',
  'BroadcastTo',
  'Clip',
  'Concatenate',
  'Copy',
  'ExpandDims',
  'Flip',
  'Fliplr',
  'Flipud',
  'GetItem',
  'Hstack',
  'Max',
  'Maximum',
  'Min',
  'Minimum',
  'Moveaxis',
  'Pad',
  'Ravel',
  'Relu',
  'Relu6',
  'Repeat',
  'Reshape',
  'Roll',
  'Slice',
  'Split',
  'Squeeze',
  'Stack',
  'StopGradient',
  'Swapaxes',
  'Take',
  'Tile',
  'Transpose',
  'Unstack',
  'Vstack',
  'Where',
]);

/**
 * What becomes of whole numbers in a call; throws where Keras computes with them otherwise than with floats.
 *
 * @param given the wholeness of every tensor of the call, undefined for floats
 * @param literals the numbers among its other arguments
 * @returns of what comes out
 */
export function wholeAfter(
  { className, operation, options, ref }: LayerConfig,
  given: readonly (Wholeness | undefined)[],
  literals: readonly unknown[],
  results: readonly Value[],
  inputs: readonly Value[],
): Wholeness | undefined {
  if (given.every((wholeness) => wholeness === undefined)) return undefined;
  const all = given.every((wholeness) => wholeness !== undefined);
  const together = !all ? undefined : given.includes('wide') ? 'wide' : 'narrow';
  const refused = (what: string): Error =>
    unsupported(
      ref,
      `is given whole numbers, with which Keras ${what}`,
      'Declare the model\'s input with dtype="float32", or put Rescaling or keras.ops.cast(x, "float32") before this layer.',
    );
  if (ROUND.has(className)) throw refused('rounds on the way');
  if (RESIZE.has(className)) {
    const unchanged = results.every((value) => inputs.includes(value));
    const fallback = className === 'UpSampling2D' ? 'nearest' : 'bilinear';
    if (!unchanged && (options.interpolation ?? fallback) !== 'nearest') throw refused('rounds the result');
    return together;
  }
  if (ARITHMETIC.has(className)) {
    const fraction = literals.some((literal) => typeof literal === 'number' && !Number.isInteger(literal));
    if (fraction) return undefined;
    if (together === 'narrow') throw refused('lets sums and products of eight or sixteen bits run over');
    return className === 'Average' ? undefined : together;
  }
  if (className === 'Activation') {
    return /^(relu6?|linear)$/.test(String(options.activation)) ? together : undefined;
  }
  return (operation ? KEEP_OPERATIONS : KEEP).has(className) ? together : undefined;
}
