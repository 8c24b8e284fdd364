/**
 * The memory that the values of a chunk lie in, as DuckDB wrote them: for those who write values on without making
 * JavaScript values of them first. Layouts are those of DuckDB's C interface (duckdb.h: vectors, duckdb_string_t).
 */
import { type DuckDBDataChunk, type DuckDBType, DuckDBTypeId } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';

/** Values of one column, all rows of its chunk. */
export interface VectorMemory {
  readonly kind: 'memory';
  /** Little-endian values of the type's width, one after the other. */
  readonly data: DataView;
  /** A bit for each row, lowest first, 0 for NULL; undefined when no row is NULL. */
  readonly validity: Uint8Array | undefined;
  /** What strings beyond 12 bytes point to; only for types that have such. */
  readonly strings: LongStrings | undefined;
}

export interface LongStrings {
  /** Holds the string that was located last. */
  readonly bytes: Uint8Array;
  /** Finds a row's string, which must be longer than 12 bytes, and gives where it starts in `bytes`. */
  locate(row: number): number;
}

const STRING_WIDTH_BYTES = 16;
/** Strings up to here stand in the vector itself, behind their length. */
const MAX_INLINE_BYTES = 12;

/** Bytes of a value, for the types that are read from memory. Their values hold no pointers, strings excepted. */
function widthOf(type: DuckDBType): number | undefined {
  switch (type.typeId) {
    case DuckDBTypeId.BOOLEAN:
    case DuckDBTypeId.TINYINT:
    case DuckDBTypeId.UTINYINT:
      return 1;
    case DuckDBTypeId.SMALLINT:
    case DuckDBTypeId.USMALLINT:
      return 2;
    case DuckDBTypeId.INTEGER:
    case DuckDBTypeId.UINTEGER:
    case DuckDBTypeId.FLOAT:
    case DuckDBTypeId.DATE:
      return 4;
    case DuckDBTypeId.BIGINT:
    case DuckDBTypeId.DOUBLE:
    case DuckDBTypeId.TIMESTAMP:
    case DuckDBTypeId.TIMESTAMP_TZ:
      return 8;
    case DuckDBTypeId.VARCHAR:
      return STRING_WIDTH_BYTES;
    default:
      return undefined;
  }
}

/**
 * The memory of a column, valid while `chunk` is.
 * @returns undefined for types that have to be read value by value
 */
export function vectorMemory(
  chunk: DuckDBDataChunk,
  column: number,
  type: DuckDBType,
  rowCount: number,
): VectorMemory | undefined {
  const width_bytes = widthOf(type);
  if (width_bytes === undefined) return undefined;
  const vector = duckdb.data_chunk_get_vector(chunk.chunk, column);
  // A table may have changed since its statement was described: memory is read by what it is.
  const actual: number = duckdb.get_type_id(duckdb.vector_get_column_type(vector));
  if (actual !== type.typeId) return undefined;
  const bytes = duckdb.vector_get_data(vector, rowCount * width_bytes);
  const data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  // Null where every row is valid, whatever the declaration says.
  const validity: Uint8Array | null = duckdb.vector_get_validity(vector, Math.ceil(rowCount / 64) * 8);
  const strings = width_bytes === STRING_WIDTH_BYTES ? new StringSpans(data, validity, rowCount) : undefined;
  return { kind: 'memory', data, validity: validity ?? undefined, strings };
}

/**
 * Strings that lie so near each other that one view spans them. Less than a page, so that whatever is between two of
 * them lies in the pages of one or the other; it is never read all the same.
 */
const MAX_GAP_BYTES = 4000;
const MAX_SPAN_BYTES = 2 ** 28;

interface Span {
  start: number;
  end: number;
  /** Opened when it is needed. */
  bytes: Uint8Array | undefined;
}

/**
 * The long strings of a vector. A view over foreign memory costs as much as copying a hundred short strings, so that
 * there is one for every run of neighbours: DuckDB puts the strings of a chunk behind or before one another, or
 * points into a dictionary.
 */
class StringSpans implements LongStrings {
  bytes: Uint8Array = new Uint8Array(0);
  readonly #data: DataView;
  readonly #validity: Uint8Array | null;
  readonly #rowCount: number;
  /** By their addresses. */
  #spans: readonly Span[] | undefined;
  #start = 0;
  #end = 0;

  constructor(data: DataView, validity: Uint8Array | null, rowCount: number) {
    this.#data = data;
    this.#validity = validity;
    this.#rowCount = rowCount;
  }

  locate(row: number): number {
    const start = address(this.#data, row * STRING_WIDTH_BYTES);
    if (start < this.#start || start >= this.#end) this.#open(start);
    return start - this.#start;
  }

  #open(start: number): void {
    this.#spans ??= merged(this.#runs());
    const span = spanAt(this.#spans, start);
    if (span.bytes === undefined) {
      const pointer = new DataView(new ArrayBuffer(8));
      pointer.setBigUint64(0, BigInt(span.start), true);
      span.bytes = duckdb.get_data_from_pointer(pointer.buffer, 0, span.end - span.start);
    }
    this.bytes = span.bytes;
    this.#start = span.start;
    this.#end = span.end;
  }

  /** Neighbours in the order of rows. */
  #runs(): Span[] {
    const runs: Span[] = [];
    let run: Span | undefined;
    const validity = this.#validity;
    for (let row = 0; row < this.#rowCount; row++) {
      // The memory of a NULL holds anything.
      if (validity !== null && (((validity[row >> 3] ?? 0) >> (row & 7)) & 1) === 0) continue;
      const at = row * STRING_WIDTH_BYTES;
      const length_bytes = this.#data.getUint32(at, true);
      if (length_bytes <= MAX_INLINE_BYTES) continue;
      const start = address(this.#data, at);
      const end = start + length_bytes;
      if (run !== undefined && isNear(run, start, end)) {
        run.start = Math.min(run.start, start);
        run.end = Math.max(run.end, end);
      } else {
        run = { start, end, bytes: undefined };
        runs.push(run);
      }
    }
    return runs;
  }
}

/** Strings of a dictionary are far apart in the order of rows, and near each other all the same. */
function merged(runs: Span[]): readonly Span[] {
  const spans: Span[] = [];
  for (const run of runs.sort((a, b) => a.start - b.start)) {
    const last = spans.at(-1);
    if (last !== undefined && isNear(last, run.start, run.end)) last.end = Math.max(last.end, run.end);
    // What overlaps must not be parted, however long it gets: a string is found in one span only.
    else if (last !== undefined && run.start < last.end) last.end = Math.max(last.end, run.end);
    else spans.push(run);
  }
  return spans;
}

function spanAt(spans: readonly Span[], start: number): Span {
  let low = 0;
  let high = spans.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((spans[middle]?.start ?? 0) <= start) low = middle;
    else high = middle - 1;
  }
  const span = spans[low];
  if (span === undefined || start < span.start || start >= span.end) {
    throw new RangeError('a string lies outside its vector');
  }
  return span;
}

function isNear(span: Span, start: number, end: number): boolean {
  return (
    start <= span.end + MAX_GAP_BYTES &&
    end >= span.start - MAX_GAP_BYTES &&
    Math.max(span.end, end) - Math.min(span.start, start) <= MAX_SPAN_BYTES
  );
}

/** Addresses of user space have 47 or 56 bits; beyond 2^53 there is nothing on any machine that Node runs on. */
function address(data: DataView, at: number): number {
  return data.getUint32(at + 12, true) * 2 ** 32 + data.getUint32(at + 8, true);
}
