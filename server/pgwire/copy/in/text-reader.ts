/** Rows of COPY's text and csv formats, line by line. */
import type { CopyInColumn } from '../../../query/api.ts';
import type { CopyOptions } from '../../../query/copy/options.ts';
import type { ChunkWriter } from './chunk-writer.ts';
import { badData, placedAt, shown } from './copy-error.ts';
import type { CopyReader } from './copy-in-stream.ts';
import { Fields } from './fields.ts';
import { Lines } from './lines.ts';

export class TextReader implements CopyReader {
  readonly #relation: string;
  readonly #target: readonly CopyInColumn[];
  readonly #options: CopyOptions;
  readonly #lines: Lines;
  readonly #fields: Fields;
  #awaitsHeader: boolean;
  /** The column in work, -1 for none, and whether the line in work was read as a whole. */
  #column = -1;
  #hasLine = false;

  constructor(relation: string, target: readonly CopyInColumn[], options: CopyOptions) {
    this.#relation = relation;
    this.#target = target;
    this.#options = options;
    this.#lines = new Lines(options);
    this.#fields = new Fields(target.length, options);
    this.#awaitsHeader = options.header !== 'none';
  }

  get where(): string {
    return `COPY ${this.#relation}, line ${this.#lines.current}`;
  }

  push(data: Buffer): void {
    const { encoding } = this.#options;
    this.#lines.push(encoding === 'utf8' ? data : Buffer.from(data.toString(encoding), 'utf8'));
  }

  end(): void {
    this.#lines.complete();
  }

  read(chunk: ChunkWriter, maxRows: number): number {
    let rowCount = 0;
    try {
      while (rowCount < maxRows && !chunk.isFull) {
        this.#hasLine = false;
        if (!this.#findLine()) break;
        this.#hasLine = true;
        this.#splitLine();
        if (this.#awaitsHeader) this.#readHeader();
        else {
          this.#readRow(chunk);
          rowCount++;
        }
      }
    } catch (error) {
      throw placedAt(error, this.#context());
    }
    return rowCount;
  }

  /** The names are compared even if there is no line at all. */
  #findLine(): boolean {
    if (this.#lines.find()) return true;
    return this.#awaitsHeader && this.#options.header === 'match' && this.#lines.isComplete;
  }

  #splitLine(): void {
    const { buffer, start, end } = this.#lines;
    this.#fields.split(buffer, start, end);
  }

  #readRow(chunk: ChunkWriter): void {
    const fields = this.#fields;
    const target = this.#target;
    const columnCount = target.length;
    if (fields.count > columnCount) throw badData('extra data after last expected column');
    const { forceNotNull, forceNull, format } = this.#options;
    chunk.beginRow();
    for (let at = 0; at < columnCount; at++) {
      if (at >= fields.count) {
        this.#column = -1;
        throw badData(`missing data for column "${target[at]?.name}"`);
      }
      this.#column = at;
      let isNull = fields.isNull[at] === 1;
      if (format === 'csv') {
        if (isNull && forceNotNull[at] === true) isNull = false;
        else if (!isNull && forceNull[at] === true) isNull = this.#readsAsNull(at);
      }
      if (isNull) chunk.putNull(at);
      else chunk.put(at, fields.buffers[at] ?? Buffer.alloc(0), fields.starts[at] ?? 0, fields.ends[at] ?? 0);
    }
    this.#column = -1;
    chunk.endRow();
  }

  #readsAsNull(at: number): boolean {
    return this.#fields.bytes(at).toString('utf8') === this.#options.null;
  }

  #readHeader(): void {
    this.#awaitsHeader = false;
    if (this.#options.header !== 'match') return;
    const fields = this.#fields;
    const expected = this.#target.length;
    if (fields.count !== expected) {
      const count = fields.count > expected ? this.#countFields() : fields.count;
      throw badData(`wrong number of fields in header line: got ${count}, expected ${expected}`);
    }
    for (const [at, { name }] of this.#target.entries()) {
      const found = fields.bytes(at).toString('utf8');
      if (fields.isNull[at] === 1) {
        throw badData(
          `column name mismatch in header line field ${at + 1}: got null value ("${this.#options.null}"), expected "${name}"`,
        );
      }
      if (found !== name) {
        throw badData(
          `column name mismatch in header line field ${at + 1}: got "${found}", expected "${name}"`,
        );
      }
    }
  }

  /** All fields of a line that has more than there are columns. */
  #countFields(): number {
    const { buffer, start, end } = this.#lines;
    const all = new Fields(end - start + 1, this.#options);
    all.split(buffer, start, end);
    return all.count;
  }

  #context(): string {
    const { buffer, start, end, number } = this.#lines;
    const line = `COPY ${this.#relation}, line ${Math.max(1, number)}`;
    const column = this.#target[this.#column];
    if (column !== undefined) {
      const isNull = this.#fields.isNull[this.#column] === 1;
      const value = isNull ? 'null input' : `"${shown(this.#fields.bytes(this.#column))}"`;
      return `${line}, column ${column.name}: ${value}`;
    }
    return this.#hasLine ? `${line}: "${shown(buffer.subarray(start, end))}"` : line;
  }
}
