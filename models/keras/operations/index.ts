/** The operations of `keras.ops` that are compiled, by Keras' class names. To add one: a line in the file of its family. */
import type { LayerDefinition } from '../layers/definition.ts';
import { arithmeticOperations } from './arithmetic.ts';
import { imageOperations } from './images.ts';
import { indexingOperations } from './indexing.ts';
import { neuralOperations } from './neural.ts';
import { paddingOperation } from './padding.ts';
import { productOperations } from './products.ts';
import { reductionOperations } from './reductions.ts';
import { shapeOperations } from './shapes.ts';

const DEFINITIONS: readonly LayerDefinition[] = [
  ...arithmeticOperations,
  ...imageOperations,
  ...indexingOperations,
  ...neuralOperations,
  paddingOperation,
  ...productOperations,
  ...reductionOperations,
  ...shapeOperations,
];

const BY_CLASS = new Map(
  DEFINITIONS.flatMap((definition) => definition.classNames.map((name) => [name, definition])),
);

/** The definition of an operation, undefined when it is not supported. */
export function operationDefinition(className: string): LayerDefinition | undefined {
  return BY_CLASS.get(className);
}
