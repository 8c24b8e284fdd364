/** OPTIONS (architecture = …, input_shape = …): what a model file leaves open and its compiler has to be told. */
import type { CompileOptions } from '../../../models/artifact.ts';
import type { Option } from './cursor.ts';

export const COMPILE_OPTIONS = ['architecture', 'input_shape'] as const;
export type CompileOptionName = (typeof COMPILE_OPTIONS)[number];

export type FileOptions = Pick<CompileOptions, 'architecture' | 'inputShape'>;

const MAX_AXES = 8;

/** Adds one option to those read before. */
export function readCompileOption(
  read: FileOptions,
  name: CompileOptionName,
  option: Option,
  wrong: (option: Option, wanted: string) => Error,
): FileOptions {
  const { value } = option;
  switch (name) {
    case 'architecture':
      if (typeof value !== 'string')
        throw wrong(option, "an architecture's name, as SHOW NAMED MODELS lists them");
      return { ...read, architecture: value };
    case 'input_shape': {
      const sizes = Array.isArray(value) ? value : [];
      const inputShape = sizes.filter((size) => Number.isSafeInteger(size) && Number(size) >= 1).map(Number);
      if (sizes.length === 0 || sizes.length > MAX_AXES || inputShape.length < sizes.length) {
        throw wrong(option, 'a list of whole numbers from 1, without the batch: [224, 224, 3]');
      }
      return { ...read, inputShape };
    }
  }
}
