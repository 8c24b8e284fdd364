/**
 * PostgreSQL's own parser (libpg-query, WebAssembly), used by its C functions rather than by the package's wrapper: a
 * statement that nests too deep traps inside WebAssembly, and an instance that trapped has lost its stack pointer and
 * whatever it had allocated. So it is thrown away, and the next statement gets a new one.
 */
import { createRequire } from 'node:module';
import { SqlensError, SqlState } from '../../../common/errors.ts';

/** Longer texts are not read: the tree of a list of 40,000 constants takes 0.2 s of the event loop. */
export const MAX_PARSED_LENGTH = 256 * 1024;

/** WebAssembly memory never shrinks; an instance that has grown beyond this is replaced. */
const MAX_MEMORY_BYTES = 128 * 1024 * 1024;

export type ParseOutcome =
  /** `statements`: libpg-query's trees, one a statement; positions in them are bytes of UTF-8. */
  | { readonly kind: 'parsed'; readonly statements: readonly unknown[] }
  /** PostgreSQL does not read it: its message and position (DuckDB may read it all the same). */
  | { readonly kind: 'syntax-error'; readonly error: SqlensError }
  /** Too long or nested too deep to be read here. */
  | { readonly kind: 'too-complex' };

/** What we use of the Emscripten module. */
interface ParserModule {
  readonly HEAPU8: Uint8Array;
  _malloc(size_bytes: number): number;
  _free(pointer: number): void;
  _wasm_parse_query_raw(query: number): number;
  _wasm_free_parse_result(result: number): void;
  lengthBytesUTF8(text: string): number;
  stringToUTF8(text: string, pointer: number, size_bytes: number): void;
  UTF8ToString(pointer: number): string;
  getValue(pointer: number, type: 'i32'): number;
}

type ParserFactory = () => Promise<ParserModule>;

const require = createRequire(import.meta.url);

let instance: Promise<ParserModule> | undefined;

/** Compiles the parser (about 10 ms) if that has not been done; a server may call this ahead of need. */
export async function loadParser(): Promise<void> {
  instance ??= instantiate();
  await instance;
}

function instantiate(): Promise<ParserModule> {
  const factory: ParserFactory = require('libpg-query/wasm/libpg-query.js');
  return factory();
}

/** Parses one text. Never throws for what the text holds. */
export async function parse(sql: string): Promise<ParseOutcome> {
  if (sql.length > MAX_PARSED_LENGTH || sql.includes('\0')) return { kind: 'too-complex' };
  instance ??= instantiate();
  const parser = await instance;
  try {
    const outcome = parseWith(parser, sql);
    if (parser.HEAPU8.length > MAX_MEMORY_BYTES) instance = undefined;
    return outcome;
  } catch (error) {
    instance = undefined;
    if (error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError')) {
      return { kind: 'too-complex' };
    }
    throw error;
  }
}

/** The struct that the parser returns: { char *tree; char *stderr; PgQueryError *error } */
function parseWith(parser: ParserModule, sql: string): ParseOutcome {
  const size_bytes = parser.lengthBytesUTF8(sql) + 1;
  const query = parser._malloc(size_bytes);
  parser.stringToUTF8(sql, query, size_bytes);
  // No `finally`: when this traps the instance is dropped, and its memory with it.
  const result = parser._wasm_parse_query_raw(query);
  const tree = parser.getValue(result, 'i32');
  const error = parser.getValue(result + 8, 'i32');
  const outcome: ParseOutcome =
    error === 0
      ? { kind: 'parsed', statements: statementsOf(parser.UTF8ToString(tree)) }
      : syntaxErrorAt(parser, error);
  parser._free(query);
  parser._wasm_free_parse_result(result);
  return outcome;
}

function statementsOf(json: string): unknown[] {
  const parsed: { stmts?: { stmt?: unknown }[] } = JSON.parse(json);
  return (parsed.stmts ?? []).map(({ stmt }) => stmt);
}

/** PgQueryError: { char *message; char *function; char *file; int line; int cursor (from 1); … } */
function syntaxErrorAt(parser: ParserModule, error: number): ParseOutcome {
  const message = parser.UTF8ToString(parser.getValue(error, 'i32'));
  const cursor = parser.getValue(error + 16, 'i32');
  // What Bison says when its stack is full: not a word about the statement's grammar.
  if (message.startsWith('memory exhausted')) return { kind: 'too-complex' };
  return {
    kind: 'syntax-error',
    error: new SqlensError({
      sqlState: SqlState.syntaxError,
      message,
      ...(cursor > 0 ? { position: cursor } : {}),
      hint: 'Check what stands at that position.',
    }),
  };
}

/** Turns offsets in bytes of UTF-8, which the parser counts in, into offsets in JavaScript's characters. */
export function byteOffsets(sql: string): (offset_bytes: number) => number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: ASCII is where both counts agree
  if (/^[\x00-\x7f]*$/.test(sql)) return (offset_bytes) => offset_bytes;
  const characters = new Map<number, number>();
  let bytes = 0;
  for (let at = 0; at < sql.length; at++) {
    characters.set(bytes, at);
    const code = sql.codePointAt(at) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (code >= 0x10000) at++;
  }
  characters.set(bytes, sql.length);
  return (offset_bytes) => characters.get(offset_bytes) ?? -1;
}
