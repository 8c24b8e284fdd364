/**
 * Results that are tensors: FLOAT, FLOAT[n], FLOAT[m][n] as DuckDB has it (n rows of m), a STRUCT of those where a
 * model has several outputs. Written whole columns at a time, through the low-level bindings.
 */
import { ARRAY, type DuckDBType, FLOAT, LIST, STRUCT } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { AnswerStore } from './answers.ts';
import type { Answer } from './api.ts';
import { copyInto, type ResultShape, writeNulls } from './shapes.ts';
import { countOf, sizesText } from './tensor-shape.ts';

export interface ServedOutput {
  readonly name: string;
  /** Without the batch axis; null where the size differs from row to row, which one axis may. */
  readonly shape: readonly (number | null)[];
}

/**
 * Numbers in an ARRAY at most. DuckDB reserves 2,048 of them wherever such a column passes, 64 MB for this many; what
 * is larger has its outer axes as lists.
 */
const ARRAY_NUMBERS_MAX = 8192;

interface Axis {
  readonly size: number | null;
  readonly isList: boolean;
}

/** Numbers per row and how DuckDB nests them. */
interface Column {
  readonly axes: readonly Axis[];
  readonly type: DuckDBType;
  /** Numbers in a row; for a free axis, in one of its items. */
  readonly unit: number;
  readonly isFree: boolean;
}

/**
 * @param outputs those that are served, in order
 * @throws 0A000 for an output with several free axes: its numbers do not say how long each is
 */
export function tensorResult(outputs: readonly ServedOutput[]): ResultShape {
  const columns = outputs.map(columnOf);
  const names = uniqueNames(outputs.map(({ name }) => name));
  const isStruct = outputs.length > 1;
  const returnType =
    columns.length === 1 && columns[0] !== undefined
      ? columns[0].type
      : STRUCT(Object.fromEntries(columns.map(({ type }, at) => [names[at] ?? `output_${at + 1}`, type])));
  const isFixed = columns.every(({ isFree }) => !isFree);
  const width = isFixed ? columns.reduce((sum, { unit }) => sum + unit, 0) : undefined;
  return {
    returnType,
    castTo: undefined,
    width,
    write(output, slots, store) {
      const rows =
        width === undefined ? looseRows(columns, slots, store) : fixedRows(columns, width, slots, store);
      columns.forEach((column, at) => {
        const vector = isStruct ? duckdb.struct_vector_get_child(output, at) : output;
        const values = rows[at];
        if (values !== undefined) writeAxes(vector, column, 0, values);
        // A field is read without a look at its struct.
        if (isStruct) writeNulls(vector, slots);
      });
      writeNulls(output, slots);
    },
    toValue(answer) {
      const tensors = columns.map((column, at) => tensorOf(answer, at, column));
      if (width === undefined) {
        return {
          value: tensors,
          size_bytes: tensors.reduce((sum, { byteLength }) => sum + byteLength + 100, 0),
        };
      }
      const [only] = tensors;
      if (tensors.length === 1 && only !== undefined) return { value: only, size_bytes: only.byteLength };
      const value = new Float32Array(width);
      let at = 0;
      for (const tensor of tensors) {
        value.set(tensor, at);
        at += tensor.length;
      }
      return { value, size_bytes: value.byteLength };
    },
  };
}

function columnOf({ name, shape }: ServedOutput): Column {
  const free = shape.filter((size) => size === null).length;
  if (free > 1) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `the size of output ${name} is not fixed: [${shape.map((size) => size ?? '?').join(', ')}]`,
      hint: 'Export the model with at most one free axis besides the batch, or choose another output.',
    });
  }
  // One number is a number, however many axes of one it has.
  const sizes = countOf(shape) === 1 ? [] : shape;
  let type: DuckDBType = FLOAT;
  let numbers = 1;
  let isListed = false;
  const axes: Axis[] = [];
  for (const size of sizes.toReversed()) {
    numbers *= size ?? 1;
    isListed ||= size === null || size === 0 || numbers > ARRAY_NUMBERS_MAX;
    type = isListed || size === null ? LIST(type) : ARRAY(type, size);
    axes.unshift({ size, isList: isListed });
  }
  return { axes, type, unit: numbers, isFree: free > 0 };
}

/** The values of one output for some rows: all numbers one after the other, and each row's size of the free axis. */
interface Values {
  readonly numbers: Float32Array;
  readonly freeSizes: Uint32Array | undefined;
  readonly slots: Int32Array;
}

function fixedRows(
  columns: readonly Column[],
  width: number,
  slots: Int32Array,
  store: AnswerStore,
): readonly Values[] {
  const whole = columns.map(({ unit }) => new Float32Array(slots.length * unit));
  const [first] = whole;
  if (columns.length === 1 && first !== undefined) {
    slots.forEach((slot, row) => {
      if (slot >= 0) store.copyFloats(slot, first, row * width);
    });
  } else {
    const one = new Float32Array(width);
    slots.forEach((slot, row) => {
      if (slot < 0) return;
      store.copyFloats(slot, one, 0);
      let from = 0;
      columns.forEach(({ unit }, at) => {
        whole[at]?.set(one.subarray(from, from + unit), row * unit);
        from += unit;
      });
    });
  }
  return whole.map((numbers) => ({ numbers, freeSizes: undefined, slots }));
}

function looseRows(columns: readonly Column[], slots: Int32Array, store: AnswerStore): readonly Values[] {
  return columns.map((column, at) => {
    const rows = Array.from(slots, (slot) => tensorAt(slot < 0 ? undefined : store.object(slot), at));
    const freeSizes = column.isFree
      ? Uint32Array.from(rows, (row) => (row === undefined ? 0 : row.length / column.unit))
      : undefined;
    const length = column.isFree
      ? rows.reduce((sum, row) => sum + (row?.length ?? 0), 0)
      : rows.length * column.unit;
    const numbers = new Float32Array(length);
    let offset = 0;
    for (const row of rows) {
      if (row !== undefined) numbers.set(row, offset);
      offset += row?.length ?? (column.isFree ? 0 : column.unit);
    }
    return { numbers, freeSizes, slots };
  });
}

function tensorAt(held: object | undefined, at: number): Float32Array | undefined {
  const tensor: unknown = Array.isArray(held) ? held[at] : undefined;
  return tensor instanceof Float32Array ? tensor : undefined;
}

/** Arrays need no entries of their own; lists say for each item where its own items begin and how many they are. */
function writeAxes(vector: duckdb.Vector, column: Column, depth: number, values: Values): void {
  const axis = column.axes[depth];
  if (axis === undefined) {
    copyInto(vector, values.numbers);
    return;
  }
  if (!axis.isList) {
    writeAxes(duckdb.array_vector_get_child(vector), column, depth + 1, values);
    return;
  }
  const { freeSizes, slots } = values;
  const before = column.axes.slice(0, depth);
  const itemsOf = (row: number) =>
    before.reduce((product, { size }) => product * (size ?? freeSizes?.[row] ?? 0), 1);
  const items = Array.from(slots, (_, row) => itemsOf(row));
  const entries = new BigUint64Array(2 * items.reduce((sum, count) => sum + count, 0));
  let offset = 0;
  let entry = 0;
  items.forEach((count, row) => {
    const size = axis.size ?? freeSizes?.[row] ?? 0;
    const length = (slots[row] ?? -1) < 0 && depth === 0 ? 0n : BigInt(size);
    for (let item = 0; item < count; item++) {
      entries[entry++] = BigInt(offset);
      entries[entry++] = length;
      offset += size;
    }
  });
  duckdb.list_vector_reserve(vector, offset);
  duckdb.list_vector_set_size(vector, offset);
  copyInto(vector, entries);
  writeAxes(duckdb.list_vector_get_child(vector), column, depth + 1, values);
}

function tensorOf(answer: Answer, at: number, column: Column): Float32Array {
  const tensor = answer.kind === 'tensors' ? answer.tensors[at] : undefined;
  const fits =
    tensor !== undefined &&
    (column.isFree ? tensor.length % Math.max(1, column.unit) === 0 : tensor.length === column.unit);
  if (!fits) {
    const promised = sizesText(column.axes.map(({ size }) => size)) || '1';
    throw new SqlensError({
      sqlState: SqlState.internalError,
      message: `the model gave ${tensor?.length ?? 'no'} numbers where its manifest promises ${promised}`,
    });
  }
  return tensor;
}

/** Fields of a STRUCT differ in more than their letters' case. */
function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, at) => {
    const base = name === '' ? `output_${at + 1}` : name;
    let unique = base;
    for (let n = 2; taken.has(unique.toLowerCase()); n++) unique = `${base}_${n}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
