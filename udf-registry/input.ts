/** From a value in SQL to an input for a worker. */
import {
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  DuckDBStructValue,
  type DuckDBType,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Input } from './api.ts';

export interface InputTaker {
  readonly displayName: string;
  readonly takes: readonly Input['kind'][];
}

export interface ReadInput {
  readonly input: Input;
  /** False when the same SQL value may mean something else tomorrow: a URI without its version. */
  readonly durable: boolean;
  /** The number that some functions take beside the image (`image_thumbnail`'s size). */
  readonly parameter?: number;
}

/**
 * @returns undefined when the value names no input (a reference without uri): its answer is NULL
 * @throws 42883 when the function takes no such type
 */
export function readInput(value: DuckDBValue, type: DuckDBType, fn: InputTaker): ReadInput | undefined {
  if (value === null) return undefined;
  const read = readAny(value);
  if (read === 'empty') return undefined;
  if (read === undefined || !fn.takes.includes(read.input.kind)) {
    throw new SqlensError({
      sqlState: SqlState.undefinedFunction,
      message: `${fn.displayName} does not take ${type.toString()}`,
      hint: `It takes ${describeKinds(fn.takes)}.`,
    });
  }
  return read;
}

function readAny(value: NonNullable<DuckDBValue>): ReadInput | 'empty' | undefined {
  if (typeof value === 'string')
    return { input: { kind: 'stored', uri: value, version: undefined }, durable: false };
  if (value instanceof DuckDBBlobValue)
    return { input: { kind: 'bytes', bytes: value.bytes }, durable: true };
  if (value instanceof DuckDBStructValue) return readStruct(value.entries);
  if (value instanceof DuckDBListValue || value instanceof DuckDBArrayValue) return readTensor(value.items);
  return undefined;
}

function readStruct(entries: Readonly<Record<string, DuckDBValue>>): ReadInput | 'empty' | undefined {
  const { uri, version, origin, height, width, nChannels, mode, data } = entries;
  if (WITH_PARAMETER in entries) return readParameterised(entries);
  if ('uri' in entries) {
    if (uri === null) return 'empty';
    if (typeof uri !== 'string') return undefined;
    const known = typeof version === 'string' ? version : undefined;
    return { input: { kind: 'stored', uri, version: known }, durable: known !== undefined };
  }
  if ('data' in entries) {
    if (data === null) return 'empty';
    if (
      !(data instanceof DuckDBBlobValue) ||
      !isInteger(height) ||
      !isInteger(width) ||
      !isInteger(nChannels) ||
      !isInteger(mode)
    ) {
      return undefined;
    }
    const image = {
      origin: typeof origin === 'string' ? origin : '',
      height: Number(height),
      width: Number(width),
      nChannels: Number(nChannels),
      mode: Number(mode),
      data: data.bytes,
    };
    return { input: { kind: 'schema', image }, durable: true };
  }
  return undefined;
}

/** Field names of the struct in which a macro packs an input and a number: `{'__input': image, '__parameter': 64}`. */
const WITH_PARAMETER = '__input';

function readParameterised(entries: Readonly<Record<string, DuckDBValue>>): ReadInput | 'empty' | undefined {
  const { __input: input, __parameter: parameter } = entries;
  if (input === null || input === undefined || parameter === null) return 'empty';
  const read = readAny(input);
  if (read === 'empty' || read === undefined) return read;
  return { ...read, parameter: Number(parameter) };
}

function readTensor(items: readonly DuckDBValue[]): ReadInput | 'empty' | undefined {
  const values: number[] = [];
  // As anywhere in SQL, what is computed from a NULL is NULL.
  if (containsNull(items)) return 'empty';
  if (!flattenNumbers(items, values)) return undefined;
  return { input: { kind: 'tensor', values: Float32Array.from(values) }, durable: true };
}

function isInteger(value: DuckDBValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

function containsNull(items: readonly DuckDBValue[]): boolean {
  return items.some(
    (item) =>
      item === null ||
      ((item instanceof DuckDBListValue || item instanceof DuckDBArrayValue) && containsNull(item.items)),
  );
}

function flattenNumbers(items: readonly DuckDBValue[], into: number[]): boolean {
  for (const item of items) {
    if (typeof item === 'number') into.push(item);
    else if (typeof item === 'bigint') into.push(Number(item));
    else if (item instanceof DuckDBDecimalValue) into.push(item.toDouble());
    else if (item instanceof DuckDBListValue || item instanceof DuckDBArrayValue) {
      if (!flattenNumbers(item.items, into)) return false;
    } else return false;
  }
  return true;
}

function describeKinds(kinds: readonly Input['kind'][]): string {
  const names: Record<Input['kind'], string> = {
    stored: 'an image reference or a URI (VARCHAR)',
    bytes: 'bytes (BLOB)',
    schema: "an image as Spark's ImageSchema has it (STRUCT)",
    tensor: 'a list of numbers (FLOAT[])',
  };
  return kinds.map((kind) => names[kind]).join(', ');
}
