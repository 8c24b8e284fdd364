/**
 * Result shapes: how an answer is stored and how it is written into DuckDB's vectors.
 *
 * Vectors are written through the low-level bindings, whole columns at a time: a value written item by item through
 * the API's value classes costs 20 µs for ten labels, this way 0.1 µs. Labels are ENUMs inside, so that a row needs
 * only their numbers; the function's macro casts them to VARCHAR, natively.
 */
import {
  DuckDBEnumType,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
  DuckDBVector,
  FLOAT,
  LIST,
  STRUCT,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { AnswerStore, AnswerValue } from './answers.ts';
import type { Answer } from './api.ts';

export interface ResultShape {
  /** What the internal function returns. */
  readonly returnType: DuckDBType;
  /** What people see: the macro casts to it; undefined where no cast is needed. */
  readonly castTo: string | undefined;
  /** Floats per answer, or undefined when answers are objects. */
  readonly width: number | undefined;
  /** Writes the answers of some slots; slots below 0 are NULL. */
  write(output: duckdb.Vector, slots: Int32Array, store: AnswerStore): void;
  /** Turns a worker's answer into what the store keeps. */
  toValue(answer: Answer): { readonly value: AnswerValue; readonly size_bytes: number };
}

export interface Label {
  readonly class: string;
  readonly description: string;
}

/** The k best labels, best first: LIST(STRUCT(class, description, probability)). Ties keep the labels' order. */
export function bestLabels(labels: readonly Label[], top_k: number): ResultShape {
  const k = Math.min(top_k, labels.length);
  const classes = new LabelEnum(labels.map((label) => label.class));
  const descriptions = new LabelEnum(labels.map((label) => label.description));
  return {
    returnType: LIST(STRUCT({ class: classes.type, description: descriptions.type, probability: FLOAT })),
    castTo: 'STRUCT("class" VARCHAR, description VARCHAR, probability FLOAT)[]',
    width: 2 * k,
    write(output, slots, store) {
      const count = slots.length;
      writeListEntries(output, slots, k);
      const entries = duckdb.list_vector_get_child(output);
      const pair = new Float32Array(2 * k);
      const classNumbers = classes.numbers(count * k);
      const descriptionNumbers = descriptions.numbers(count * k);
      const probabilities = new Float32Array(count * k);
      for (let row = 0; row < count; row++) {
        const slot = slots[row] ?? -1;
        if (slot < 0) continue;
        store.copyFloats(slot, pair, 0);
        for (let i = 0; i < k; i++) {
          const label = pair[2 * i] ?? 0;
          classNumbers[row * k + i] = classes.numberOf(label);
          descriptionNumbers[row * k + i] = descriptions.numberOf(label);
          probabilities[row * k + i] = pair[2 * i + 1] ?? 0;
        }
      }
      copyInto(duckdb.struct_vector_get_child(entries, 0), classNumbers);
      copyInto(duckdb.struct_vector_get_child(entries, 1), descriptionNumbers);
      copyInto(duckdb.struct_vector_get_child(entries, 2), probabilities);
    },
    toValue(answer) {
      const scores = tensorOf(answer, labels.length);
      const value = new Float32Array(2 * k);
      topIndexes(scores, k).forEach((label, i) => {
        value[2 * i] = label;
        value[2 * i + 1] = scores[label] ?? 0;
      });
      return { value, size_bytes: value.byteLength };
    },
  };
}

/** The best label alone: VARCHAR. */
export function bestLabel(labels: readonly Label[]): ResultShape {
  const classes = new LabelEnum(labels.map((label) => label.class));
  return {
    returnType: classes.type,
    castTo: 'VARCHAR',
    width: 1,
    write(output, slots, store) {
      const numbers = classes.numbers(slots.length);
      const label = new Float32Array(1);
      slots.forEach((slot, row) => {
        if (slot < 0) return;
        store.copyFloats(slot, label, 0);
        numbers[row] = classes.numberOf(label[0] ?? 0);
      });
      copyInto(output, numbers);
      writeNulls(output, slots);
    },
    toValue(answer) {
      const [best = 0] = topIndexes(tensorOf(answer, labels.length), 1);
      return { value: Float32Array.of(best), size_bytes: 4 };
    },
  };
}

/** One number: FLOAT. */
export function oneNumber(): ResultShape {
  return {
    returnType: FLOAT,
    castTo: undefined,
    width: 1,
    write(output, slots, store) {
      const values = new Float32Array(slots.length);
      slots.forEach((slot, row) => {
        if (slot >= 0) store.copyFloats(slot, values, row);
      });
      copyInto(output, values);
      writeNulls(output, slots);
    },
    toValue(answer) {
      return { value: tensorOf(answer, 1), size_bytes: 4 };
    },
  };
}

/** The output as it is, flat: FLOAT[]. */
export function flatVector(width: number): ResultShape {
  return {
    returnType: LIST(FLOAT),
    castTo: undefined,
    width,
    write(output, slots, store) {
      writeListEntries(output, slots, width);
      const values = new Float32Array(slots.length * width);
      slots.forEach((slot, row) => {
        if (slot >= 0) store.copyFloats(slot, values, row * width);
      });
      copyInto(duckdb.list_vector_get_child(output), values);
    },
    toValue(answer) {
      const value = tensorOf(answer, width);
      return { value, size_bytes: value.byteLength };
    },
  };
}

/** Answers that are values of any DuckDB type, written item by item: for the few and large. */
export function valueObjects(
  returnType: DuckDBType,
  example: NonNullable<DuckDBValue>,
  toObject: (answer: Answer) => { readonly value: NonNullable<DuckDBValue>; readonly size_bytes: number },
): ResultShape {
  return {
    returnType,
    castTo: undefined,
    width: undefined,
    write(output, slots, store) {
      const vector = DuckDBVector.create(output, slots.length);
      slots.forEach((slot, row) => {
        const boxed = slot < 0 ? undefined : store.object(slot);
        // A slot without an object is that of a statement which is only described.
        vector.setItem(row, boxed instanceof Boxed ? boxed.value : slot < 0 ? null : example);
      });
      vector.flush();
    },
    toValue(answer) {
      const { value, size_bytes } = toObject(answer);
      return { value: new Boxed(value), size_bytes };
    },
  };
}

class Boxed {
  readonly value: NonNullable<DuckDBValue>;
  constructor(value: NonNullable<DuckDBValue>) {
    this.value = value;
  }
}

/** An ENUM of the distinct labels (ImageNet has two named "crane"), and which number each label has in it. */
class LabelEnum {
  readonly type: DuckDBEnumType;
  readonly #numbers: Uint32Array;
  readonly #distinctCount: number;

  constructor(labels: readonly string[]) {
    const distinct = [...new Set(labels)];
    const numberOf = new Map(distinct.map((label, number) => [label, number]));
    this.#numbers = Uint32Array.from(labels, (label) => numberOf.get(label) ?? 0);
    this.#distinctCount = distinct.length;
    // DuckDB chooses the width of an ENUM by its size; ours must be the same.
    this.type = new DuckDBEnumType(
      distinct,
      distinct.length <= 0xff
        ? DuckDBTypeId.UTINYINT
        : distinct.length <= 0xffff
          ? DuckDBTypeId.USMALLINT
          : DuckDBTypeId.UINTEGER,
    );
  }

  numberOf(label: number): number {
    return this.#numbers[label] ?? 0;
  }

  numbers(count: number): Uint8Array | Uint16Array | Uint32Array {
    if (this.#distinctCount <= 0xff) return new Uint8Array(count);
    return this.#distinctCount <= 0xffff ? new Uint16Array(count) : new Uint32Array(count);
  }
}

/** Indexes of the k largest scores, largest first; of equal ones the lower index first; NaN last. */
export function topIndexes(scores: Float32Array, k: number): number[] {
  const best: number[] = [];
  for (let index = 0; index < scores.length; index++) {
    const score = orderable(scores[index]);
    if (best.length === k && score <= orderable(scores[best[k - 1] ?? 0])) continue;
    let at = best.length;
    while (at > 0 && orderable(scores[best[at - 1] ?? 0]) < score) at--;
    best.splice(at, 0, index);
    if (best.length > k) best.pop();
  }
  return best;
}

function orderable(score: number | undefined): number {
  return score === undefined || Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score;
}

function tensorOf(answer: Answer, width: number): Float32Array {
  const tensor = answer.kind === 'tensors' ? answer.tensors[0] : undefined;
  if (tensor === undefined || tensor.length !== width) {
    throw new SqlensError({
      sqlState: SqlState.internalError,
      message: `the model gave ${tensor?.length ?? 'no'} numbers where its manifest promises ${width}`,
    });
  }
  return tensor;
}

export function copyInto(
  vector: duckdb.Vector,
  values: Uint8Array | Uint16Array | Uint32Array | Float32Array | BigUint64Array,
): void {
  if (values.byteLength === 0) return;
  if (!(values.buffer instanceof ArrayBuffer)) return;
  duckdb.copy_data_to_vector(vector, 0, values.buffer, values.byteOffset, values.byteLength);
}

/** List entries of `length` values each, one after the other; NULL rows have none. */
function writeListEntries(output: duckdb.Vector, slots: Int32Array, length: number): void {
  const count = slots.length;
  duckdb.list_vector_reserve(output, count * length);
  duckdb.list_vector_set_size(output, count * length);
  const entries = new BigUint64Array(count * 2);
  for (let row = 0; row < count; row++) {
    entries[row * 2] = BigInt(row * length);
    entries[row * 2 + 1] = (slots[row] ?? -1) < 0 ? 0n : BigInt(length);
  }
  copyInto(output, entries);
  writeNulls(output, slots);
}

export function writeNulls(output: duckdb.Vector, slots: Int32Array): void {
  if (slots.every((slot) => slot >= 0)) return;
  duckdb.vector_ensure_validity_writable(output);
  const words = Math.ceil(slots.length / 64);
  const bits = new Uint8Array(words * 8).fill(0xff);
  slots.forEach((slot, row) => {
    if (slot < 0) bits[row >> 3] = (bits[row >> 3] ?? 0) & ~(1 << (row & 7));
  });
  duckdb.copy_data_to_vector_validity(output, 0, bits.buffer, 0, bits.byteLength);
}
