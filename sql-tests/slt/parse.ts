/** Reads .slt text: the format of SQLite's sqllogictest as DataFusion and DuckDB have it, with the extras of README.md. */
import type {
  ColumnType,
  Demands,
  Engine,
  ExpectedError,
  Parameter,
  SltRecord,
  SortMode,
} from './records.ts';

export class SltSyntaxError extends Error {
  constructor(file: string, line: number, message: string) {
    super(`${file}:${line}: ${message}`);
    this.name = 'SltSyntaxError';
  }
}

const DEFAULT_CONNECTION = 'default';
const SORT_MODES: readonly SortMode[] = ['nosort', 'rowsort', 'valuesort'];
const ENGINES: readonly Engine[] = ['sqlens', 'postgres'];
const COLUMN_TYPES: readonly ColumnType[] = ['T', 'I', 'R', 'B'];

type Draft = { -readonly [Key in keyof Demands]: Demands[Key] };

/**
 * @param variables `${NAME}` is replaced by these everywhere
 * @param engine records that `skipif` and `onlyif` keep from it are left out
 * @throws SltSyntaxError with file and line
 */
export function parseSlt(
  text: string,
  file: string,
  variables: ReadonlyMap<string, string>,
  engine: Engine = 'sqlens',
): SltRecord[] {
  return new SltParser(text, file, variables, engine).parse();
}

class SltParser {
  readonly #lines: readonly string[];
  readonly #file: string;
  readonly #variables: ReadonlyMap<string, string>;
  readonly #records: SltRecord[] = [];
  readonly #engine: Engine;
  #isSkipped = false;
  #at = 0;
  #draft = noDemands();

  constructor(text: string, file: string, variables: ReadonlyMap<string, string>, engine: Engine) {
    this.#engine = engine;
    this.#lines = text.split(/\r?\n/);
    this.#file = file;
    this.#variables = variables;
  }

  parse(): SltRecord[] {
    for (; this.#at < this.#lines.length; this.#at++) {
      const line = this.#line(this.#at).trim();
      if (line === '' || line.startsWith('#')) continue;
      this.#command(line, this.#at + 1);
    }
    if (this.#draft.dirty) throw this.#wrong(this.#lines.length, 'demands without a record behind them');
    return this.#records;
  }

  #command(line: string, number: number): void {
    const [word = '', ...words] = line.split(/\s+/);
    const rest = line.slice(word.length).trim();
    if (word === 'skipif' || word === 'onlyif') {
      const engine = ENGINES.find((known) => known === rest);
      if (engine === undefined) throw this.#wrong(number, `"${rest}" is no engine (sqlens or postgres)`);
      this.#isSkipped ||= (word === 'skipif') === (engine === this.#engine);
      this.#draft.dirty = true;
      return;
    }
    const count = this.#records.length;
    this.#record(word, words, rest, number);
    // A demand: its record follows.
    if (this.#draft.dirty) return;
    if (this.#isSkipped) this.#records.length = count;
    this.#isSkipped = false;
  }

  #record(word: string, words: readonly string[], rest: string, number: number): void {
    switch (word) {
      case 'statement':
        this.#statement(words, rest, number);
        return;
      case 'query':
        this.#query(words, rest, number);
        return;
      case 'include':
        this.#records.push({ kind: 'include', file: rest, line: number });
        return;
      case 'copy-file':
        if (words.length !== 2) throw this.#wrong(number, 'copy-file takes two paths');
        this.#records.push({ kind: 'copy-file', from: words[0] ?? '', to: words[1] ?? '', line: number });
        return;
      case 'remove-file':
        this.#records.push({ kind: 'remove-file', file: rest, line: number });
        return;
      case 'disconnect':
        this.#records.push({ kind: 'disconnect', connection: rest, line: number });
        return;
      case 'restart':
      case 'halt':
        this.#records.push({ kind: word, line: number });
        return;
      default:
        this.#demand(word, rest, number);
    }
  }

  #demand(word: string, rest: string, number: number): void {
    const { demands } = this.#draft;
    this.#draft.dirty = true;
    switch (word) {
      case 'connection':
        demands.connection = rest;
        return;
      case 'params':
        demands.params = this.#paramsOf(rest, number);
        return;
      case 'prepared':
        demands.prepared = rest;
        return;
      case 'inferred':
        if (!/^\d+$/.test(rest)) throw this.#wrong(number, 'inferred takes a number');
        demands.inferred = Number(rest);
        return;
      case 'notice':
        demands.notices = [...demands.notices, this.#pattern(rest, number)];
        return;
      case 'position':
        demands.position = rest;
        return;
      case 'tag':
        demands.tag = rest;
        return;
      case 'columns':
        demands.columns = rest.split(/\s+/);
        return;
      default:
        throw this.#wrong(number, `"${word}" is no record`);
    }
  }

  #statement(words: readonly string[], rest: string, number: number): void {
    const [expectation] = words;
    let error: ExpectedError | undefined;
    if (expectation === 'error') error = this.#errorOf(rest.slice('error'.length).trim(), number);
    else if (expectation !== 'ok' || words.length > 1) {
      throw this.#wrong(number, 'statement takes "ok" or "error [SQLSTATE] [regex]"');
    }
    const sql = this.#sql(number);
    this.#records.push({ kind: 'statement', sql, error, demands: this.#takeDemands(), line: number });
  }

  #query(words: readonly string[], rest: string, number: number): void {
    const [types = '', ...others] = words;
    if (types === 'error') {
      const error = this.#errorOf(rest.slice('error'.length).trim(), number);
      const sql = this.#sql(number);
      this.#records.push({ kind: 'statement', sql, error, demands: this.#takeDemands(), line: number });
      return;
    }
    const columns = [...types].map((letter) => {
      const type = COLUMN_TYPES.find((known) => known === letter);
      if (type === undefined) throw this.#wrong(number, `"${letter}" is no column type (T, I, R or B)`);
      return type;
    });
    if (columns.length === 0) throw this.#wrong(number, 'query takes one letter per column');
    const sort = SORT_MODES.find((mode) => mode === others[0]) ?? 'nosort';
    const label = SORT_MODES.some((mode) => mode === others[0]) ? others[1] : others[0];
    const sql = this.#sql(number);
    const expected: string[] = [];
    if (this.#line(this.#at).trim() === '----') {
      for (this.#at++; this.#at < this.#lines.length; this.#at++) {
        const row = this.#line(this.#at);
        if (row.trim() === '') break;
        expected.push(row.trim().replace(/\s+/g, ' '));
      }
    } else if (label === undefined) {
      throw this.#wrong(number, 'a query needs ---- and its rows, or a label');
    }
    const demands = this.#takeDemands();
    this.#records.push({ kind: 'query', sql, types: columns, sort, label, expected, demands, line: number });
  }

  /** The lines up to an empty one or `----`; leaves the cursor there. */
  #sql(number: number): string {
    const lines: string[] = [];
    for (this.#at++; this.#at < this.#lines.length; this.#at++) {
      const line = this.#line(this.#at);
      if (line.trim() === '' || line.trim() === '----') break;
      lines.push(line);
    }
    if (lines.length === 0) throw this.#wrong(number, 'there is no SQL');
    return lines.join('\n');
  }

  #errorOf(text: string, number: number): ExpectedError {
    const [, sqlState, message = ''] = /^([0-9A-Z]{5}\b)?\s*(.*)$/.exec(text) ?? [];
    return { sqlState, message: message === '' ? undefined : this.#pattern(message, number) };
  }

  #pattern(text: string, number: number): RegExp {
    try {
      return new RegExp(text);
    } catch {
      throw this.#wrong(number, `"${text}" is no regular expression`);
    }
  }

  #paramsOf(text: string, number: number): Parameter[] {
    try {
      const values: unknown = JSON.parse(text);
      if (Array.isArray(values)) return values.map(parameterOf);
    } catch {
      // Said below.
    }
    throw this.#wrong(number, 'params takes a JSON list');
  }

  #takeDemands(): Demands {
    const { demands } = this.#draft;
    this.#draft = noDemands();
    return demands;
  }

  #line(at: number): string {
    return (this.#lines[at] ?? '').replace(/\$\{([A-Z_]+)\}/g, (_, name: string) => {
      const value = this.#variables.get(name);
      if (value === undefined) throw this.#wrong(at + 1, `there is no variable ${name}`);
      return value;
    });
  }

  #wrong(line: number, message: string): SltSyntaxError {
    return new SltSyntaxError(this.#file, line, message);
  }
}

function parameterOf(value: unknown): Parameter {
  if (value === null) return null;
  if (typeof value === 'object' && 'file' in value) return { file: String(value.file) };
  return String(value);
}

function noDemands(): { demands: Draft; dirty: boolean } {
  return {
    demands: {
      connection: DEFAULT_CONNECTION,
      params: undefined,
      prepared: undefined,
      inferred: undefined,
      notices: [],
      position: undefined,
      tag: undefined,
      columns: undefined,
    },
    dirty: false,
  };
}
