/** OPTIONS (resize = …, interpolation = …): how images get the size that the model takes. */
import { SqlState } from '../../../common/errors.ts';
import {
  DEFAULT_RESIZE,
  INTERPOLATIONS,
  RESIZE_FITS,
  type ResizeMethod,
} from '../../../image-source/index.ts';
import type { Manifest } from '../../../models/artifact.ts';
import { errorAt, type Option } from './cursor.ts';

export interface ResizeOptions {
  readonly method: ResizeMethod;
  /** The last of them, for errors; undefined when none was given. */
  readonly option: Option | undefined;
}

export const NO_RESIZE: ResizeOptions = { method: DEFAULT_RESIZE, option: undefined };

export function readResizeOption(
  read: ResizeOptions,
  name: 'resize' | 'interpolation',
  option: Option,
  wrong: (option: Option, wanted: string) => Error,
): ResizeOptions {
  const among = (choices: readonly string[]) => `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;
  if (name === 'resize') {
    const fit = RESIZE_FITS.find((known) => known === option.value);
    if (fit === undefined) throw wrong(option, among(RESIZE_FITS));
    return { method: { ...read.method, fit }, option };
  }
  const interpolation = INTERPOLATIONS.find((known) => known === option.value);
  if (interpolation === undefined) throw wrong(option, among(INTERPOLATIONS));
  return { method: { ...read.method, interpolation }, option };
}

/**
 * What the model is registered with; undefined for the way in which images are resized anyway.
 * @throws 22023 when it is asked for, and the model takes no image
 */
export function settleResize(
  { method, option }: ResizeOptions,
  manifest: Manifest,
): ResizeMethod | undefined {
  if (option === undefined) return undefined;
  const isOfImage = manifest.image !== undefined;
  if (!isOfImage) {
    throw errorAt(
      option.nameToken,
      SqlState.invalidParameterValue,
      `option "${option.name}" is for images; the model does not take one`,
      'Leave it out.',
    );
  }
  const isDefault =
    method.fit === DEFAULT_RESIZE.fit && method.interpolation === DEFAULT_RESIZE.interpolation;
  return isDefault ? undefined : method;
}
