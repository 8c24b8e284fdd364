/** Constants that stand in the calls of operations: numbers, nested lists, NumPy arrays. */
import type { LayerRef } from '../../graph/layer-ref.ts';
import { elementCount } from '../../graph/weight.ts';
import { MODEL_LIMITS } from '../../limits.ts';
import { tooLarge, unsupported } from '../../model-error.ts';
import { isList, isRecord, show } from '../config/json.ts';

export interface Constant {
  /** With whatever axes it has: none for a number. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
  readonly type: 'float32' | 'int32' | 'bool';
}

/** Whole numbers up to this are the same in float32. */
const EXACT_INTEGER = 2 ** 24;

/** The constant that a literal of the file stands for; undefined when it is none. */
export function parseConstant(ref: LayerRef, literal: unknown): Constant | undefined {
  if (isRecord(literal)) {
    const { class_name: className, config } = literal;
    if (!isRecord(config)) return undefined;
    if (className !== '__numpy__' && className !== '__tensor__') return undefined;
    return fromNested(ref, config.value, typeof config.dtype === 'string' ? config.dtype : undefined);
  }
  return typeof literal === 'number' || typeof literal === 'boolean' || isList(literal)
    ? fromNested(ref, literal, undefined)
    : undefined;
}

/** A constant of one number. */
export function scalar(value: number, type: Constant['type'] = 'float32'): Constant {
  return { shape: [], data: Float32Array.of(value), type };
}

function fromNested(ref: LayerRef, nested: unknown, dtype: string | undefined): Constant | undefined {
  const shape: number[] = [];
  for (let level = nested; isList(level); level = level[0]) shape.push(level.length);
  if (shape.length > MODEL_LIMITS.rank || elementCount(shape) > MODEL_LIMITS.tensorElements) {
    throw tooLarge(`a constant of layer "${ref.name}" has the shape (${shape.join(', ')})`);
  }
  const items: readonly unknown[] = isList(nested) ? nested : [nested];
  const numbers = shape.slice(1).reduce<readonly unknown[]>((flat) => flat.flat(), items);
  if (numbers.length !== elementCount(shape)) return undefined;
  const truths = numbers.every((item) => typeof item === 'boolean');
  if (!truths && !numbers.every((item) => typeof item === 'number')) return undefined;
  const data = Float32Array.from(numbers, Number);
  // NumPy's own type for what people write: the layers after it make float32 of the result.
  const written = dtype === 'float64' ? 'float32' : dtype;
  const type = written === undefined ? literalType(numbers, truths) : typeOf(ref, written);
  if (type === 'int32' && numbers.some((item) => Math.abs(Number(item)) > EXACT_INTEGER)) {
    throw unsupported(ref, `whole numbers above ${EXACT_INTEGER} are not supported: ${show(nested)}`);
  }
  return { shape, data, type };
}

function literalType(numbers: readonly unknown[], truths: boolean): Constant['type'] {
  if (truths) return 'bool';
  return numbers.every(Number.isSafeInteger) ? 'int32' : 'float32';
}

/** The type of values that a type of Keras becomes; an error for those that are not computed exactly. */
export function typeOf(ref: LayerRef, dtype: string): Constant['type'] {
  switch (dtype) {
    case 'bool':
      return 'bool';
    case 'float':
    case 'float32':
      return 'float32';
    // No model of ours holds whole numbers that int32 could not.
    case 'int':
    case 'int32':
    case 'int64':
      return 'int32';
    default:
      throw unsupported(ref, `the type ${show(dtype)} is not supported; models compute in float32`);
  }
}
