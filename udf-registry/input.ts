/** From a value in SQL to an input for a worker. */
import {
  DuckDBBlobValue,
  DuckDBStructType,
  DuckDBStructValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Input, SingleInput } from './api.ts';
import type { Parameter } from './parameters.ts';
import { fitsTensor, readTensor } from './tensor-input.ts';
import { describeShape } from './tensor-shape.ts';

export interface InputTaker {
  readonly displayName: string;
  readonly parameters: readonly Parameter[];
}

interface Read<T extends Input> {
  readonly input: T;
  /** False when the same SQL value may mean something else tomorrow: a URI without its version. */
  readonly durable: boolean;
  /** The number that some functions take beside the image (`image_thumbnail`'s size). */
  readonly parameter?: number;
}

export type ReadInput = Read<Input>;

/**
 * @param value the argument; for a function with several parameters the struct that its macro packs of them
 * @returns undefined when the value names no input (a NULL is in it, or a reference without uri): its answer is NULL
 * @throws 42883 when the function takes no such type
 */
export function readInput(value: DuckDBValue, type: DuckDBType, fn: InputTaker): ReadInput | undefined {
  const [first, ...others] = fn.parameters;
  if (first === undefined) return undefined;
  if (others.length === 0) return readArgument(value, type, first, fn);
  if (!(value instanceof DuckDBStructValue) || !(type instanceof DuckDBStructType)) return undefined;
  const values = Object.values(value.entries);
  const parts: SingleInput[] = [];
  let durable = true;
  for (const [at, parameter] of fn.parameters.entries()) {
    const read = readArgument(values[at] ?? null, type.entryTypes[at] ?? type, parameter, fn);
    if (read === undefined) return undefined;
    parts.push(read.input);
    durable &&= read.durable;
  }
  return { input: { kind: 'parts', parts }, durable };
}

function readArgument(
  value: DuckDBValue,
  type: DuckDBType,
  parameter: Parameter,
  fn: InputTaker,
): Read<SingleInput> | undefined {
  if (value === null) return undefined;
  switch (parameter.kind) {
    case 'image': {
      const read = readImage(value);
      if (read === undefined) throw wrongType(type, parameter, fn);
      return read === 'empty' ? undefined : read;
    }
    case 'text':
      if (typeof value !== 'string') throw wrongType(type, parameter, fn);
      return { input: { kind: 'text', text: value }, durable: true };
    case 'tensor': {
      if (!fitsTensor(type, parameter.spec)) throw wrongType(type, parameter, fn);
      const input = readTensor(value, parameter.spec);
      return input === undefined ? undefined : { input, durable: true };
    }
  }
}

function readImage(value: NonNullable<DuckDBValue>): Read<SingleInput> | 'empty' | undefined {
  if (typeof value === 'string')
    return { input: { kind: 'stored', uri: value, version: undefined }, durable: false };
  if (value instanceof DuckDBBlobValue)
    return { input: { kind: 'bytes', bytes: value.bytes }, durable: true };
  if (value instanceof DuckDBStructValue) return readStruct(value.entries);
  return undefined;
}

function readStruct(entries: Readonly<Record<string, DuckDBValue>>): Read<SingleInput> | 'empty' | undefined {
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

function readParameterised(
  entries: Readonly<Record<string, DuckDBValue>>,
): Read<SingleInput> | 'empty' | undefined {
  const { __input: input, __parameter: parameter } = entries;
  if (input === null || input === undefined || parameter === null) return 'empty';
  const read = readImage(input);
  if (read === 'empty' || read === undefined) return read;
  return { ...read, parameter: Number(parameter) };
}

function isInteger(value: DuckDBValue | undefined): value is number | bigint {
  return typeof value === 'number' || typeof value === 'bigint';
}

/** Types with many members, a label's or a reference's, would hide what the message says. */
const TYPE_CHARS_MAX = 100;

function wrongType(type: DuckDBType, parameter: Parameter, fn: InputTaker): SqlensError {
  const text = type.typeId === DuckDBTypeId.SQLNULL ? 'NULL' : type.toString();
  const given = text.length <= TYPE_CHARS_MAX ? text : `${text.slice(0, TYPE_CHARS_MAX)}…`;
  const name = fn.parameters.length > 1 ? ` for ${parameter.name}` : '';
  return new SqlensError({
    sqlState: SqlState.undefinedFunction,
    message: `${fn.displayName} does not take ${given}${name}`,
    hint: `It takes ${describeParameter(parameter)}.`,
  });
}

function describeParameter(parameter: Parameter): string {
  switch (parameter.kind) {
    case 'image':
      return "an image reference or a URI (VARCHAR), bytes (BLOB), an image as Spark's ImageSchema has it (STRUCT)";
    case 'text':
      return 'text (VARCHAR)';
    case 'tensor': {
      const brackets = parameter.spec.shape.length === 0 ? '' : '[]'.repeat(parameter.spec.shape.length);
      return `${describeShape(parameter.spec)}, as FLOAT${brackets}`;
    }
  }
}
