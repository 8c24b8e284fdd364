/** What a named model is asked for, and the functions that ask. */

export type NamedUse = 'classes' | 'features';

export const FUNCTION_NAMES: Readonly<Record<NamedUse, string>> = {
  classes: 'image_predict',
  features: 'image_features',
};

export const NAMED_FUNCTION_NAMES: readonly string[] = Object.values(FUNCTION_NAMES);
