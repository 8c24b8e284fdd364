/**
 * How often anybody has changed what there is, and whether anything there reads more than tables: statements are not
 * described or planned again while neither has changed.
 */
import type { DuckDBConnection } from '@duckdb/node-api';

/**
 * Functions whose result is fixed when a statement is planned, although it may change without any definition: files,
 * variables, DuckDB's own lists. A file can also stand where a table does.
 */
const FIXED_BY_PLANNING =
  /\b(glob|read_(csv|parquet|json|ndjson|text|blob|images)\w*|parquet_\w+|sniff_csv|getvariable|query|query_table|pragma_\w+|duckdb_\w+|\w*_scan)\s*\(|(?<!['"])\b(from|join)\s*'|['"][^'"]*\.(csv|tsv|txt|parquet|json|jsonl|ndjson|gz|zst|db|duckdb)['"]/i;

export class Definitions {
  #version = 0;
  #readsMore = false;

  /** Views and macros that the file holds already. */
  async load(connection: DuckDBConnection): Promise<void> {
    const reader = await connection.runAndReadAll(
      `SELECT sql FROM duckdb_views() WHERE NOT internal
       UNION ALL SELECT macro_definition FROM duckdb_functions() WHERE NOT internal AND macro_definition IS NOT NULL`,
    );
    for (const [text] of reader.getRows()) this.#note(String(text));
  }

  /** Another number after every change. */
  get version(): number {
    return this.#version;
  }

  /** A definition begins to run. */
  began(text: string): void {
    this.#note(text);
    this.changed();
  }

  /** Definitions were committed, or rolled back. */
  changed(): void {
    this.#version++;
  }

  /** Whether a statement planned earlier still reads what one planned now would, while the version is the same. */
  lastsWhilePlanned(text: string): boolean {
    return !this.#readsMore && !FIXED_BY_PLANNING.test(text);
  }

  #note(text: string): void {
    this.#readsMore ||= FIXED_BY_PLANNING.test(text);
  }
}
