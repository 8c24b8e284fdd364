/** From numbers and lists in SQL to a tensor for an input of a model. */
import {
  DuckDBArrayValue,
  DuckDBDecimalValue,
  DuckDBListValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { TensorSpec, TensorType } from '../models/artifact.ts';
import type { TensorInput } from './api.ts';
import { countOf } from './tensor-shape.ts';

/** Types of inputs whose numbers a float does not hold. */
const WIDE: ReadonlySet<TensorType> = new Set<TensorType>(['int32', 'uint32', 'int64', 'uint64', 'float64']);

/**
 * @returns undefined when a NULL is anywhere in it: as anywhere in SQL, what is computed from a NULL is NULL
 */
export function readTensor(value: NonNullable<DuckDBValue>, spec: TensorSpec): TensorInput | undefined {
  const isWide = WIDE.has(spec.type);
  if (!isList(value)) {
    const number = numberOf(value, isWide);
    return { kind: 'tensor', values: isWide ? Float64Array.of(number) : Float32Array.of(number) };
  }
  const { items } = value;
  const [first] = items;
  if (first === undefined || !isList(first)) {
    const values = isWide ? new Float64Array(items.length) : new Float32Array(items.length);
    for (let i = 0; i < values.length; i++) {
      const item = items[i];
      if (typeof item === 'number') values[i] = item;
      else if (item === null || item === undefined) return undefined;
      else values[i] = numberOf(item, isWide);
    }
    return { kind: 'tensor', values };
  }
  const numbers: number[] = [];
  const shape = flatten(value, isWide, numbers);
  if (shape === null) return undefined;
  return { kind: 'tensor', values: isWide ? Float64Array.from(numbers) : Float32Array.from(numbers), shape };
}

/** Whether a type may hold what the input takes: nested as deeply, flat, or a number where one number is enough. */
export function fitsTensor(type: DuckDBType, spec: TensorSpec): boolean {
  const { sizes, element } = nestingOf(type);
  if (!isNumeric(element)) return false;
  const { shape } = spec;
  const count = countOf(shape);
  if (sizes.length === 0) return count === null ? shape.length === 1 : count === 1;
  if (sizes.length === shape.length) {
    return sizes.every((size, axis) => size === null || shape[axis] === null || shape[axis] === size);
  }
  if (sizes.length !== 1) return false;
  const [length = null] = sizes;
  return length === null || count === null || count === length;
}

function nestingOf(type: DuckDBType): {
  readonly sizes: readonly (number | null)[];
  readonly element: DuckDBType;
} {
  const sizes: (number | null)[] = [];
  let element = type;
  for (;;) {
    if (element.typeId === DuckDBTypeId.ARRAY) sizes.push(element.length);
    else if (element.typeId === DuckDBTypeId.LIST) sizes.push(null);
    else return { sizes, element };
    element = element.valueType;
  }
}

const NUMERIC: ReadonlySet<DuckDBTypeId> = new Set([
  DuckDBTypeId.BOOLEAN,
  DuckDBTypeId.TINYINT,
  DuckDBTypeId.SMALLINT,
  DuckDBTypeId.INTEGER,
  DuckDBTypeId.BIGINT,
  DuckDBTypeId.HUGEINT,
  DuckDBTypeId.UTINYINT,
  DuckDBTypeId.USMALLINT,
  DuckDBTypeId.UINTEGER,
  DuckDBTypeId.UBIGINT,
  DuckDBTypeId.UHUGEINT,
  DuckDBTypeId.FLOAT,
  DuckDBTypeId.DOUBLE,
  DuckDBTypeId.DECIMAL,
  DuckDBTypeId.INTEGER_LITERAL,
  // An empty list has no element type.
  DuckDBTypeId.SQLNULL,
]);

function isNumeric(type: DuckDBType): boolean {
  return NUMERIC.has(type.typeId);
}

function isList(value: DuckDBValue): value is DuckDBListValue | DuckDBArrayValue {
  return value instanceof DuckDBListValue || value instanceof DuckDBArrayValue;
}

function numberOf(value: DuckDBValue, isWide: boolean): number {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') {
    if (isWide && (value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER)) throw tooWide(value);
    return Number(value);
  }
  if (value instanceof DuckDBDecimalValue) return value.toDouble();
  return value === true ? 1 : 0;
}

/** @returns null when a NULL is in it */
function flatten(
  list: DuckDBListValue | DuckDBArrayValue,
  isWide: boolean,
  into: number[],
): readonly number[] | 'ragged' | null {
  let inner: readonly number[] | undefined;
  let isRagged = false;
  for (const item of list.items) {
    if (item === null) return null;
    if (!isList(item)) {
      into.push(numberOf(item, isWide));
      continue;
    }
    const shape = flatten(item, isWide, into);
    if (shape === null) return null;
    if (shape === 'ragged') isRagged = true;
    else if (inner === undefined) inner = shape;
    else if (shape.length !== inner.length || shape.some((size, axis) => size !== inner?.[axis]))
      isRagged = true;
  }
  return isRagged ? 'ragged' : [list.items.length, ...(inner ?? [])];
}

function tooWide(value: bigint): SqlensError {
  return new SqlensError({
    sqlState: SqlState.numericValueOutOfRange,
    message: `${value} is out of range for an input of a model`,
    hint: `Whole numbers are exact up to ${Number.MAX_SAFE_INTEGER}.`,
  });
}
