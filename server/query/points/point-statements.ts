/**
 * Point SELECTs that come as text with another number each time: described once for all numbers, while nobody changes
 * what they were described by.
 */
import type { Parsed } from '../describe/parsed.ts';
import type { PointReads } from './point-reads.ts';

/** A text that ends with a number, and what stands before it. Quotes and comments are not worth the trouble here. */
const ENDS_WITH_NUMBER = /^(select[^'"$;\-/]{1,1000}=\s*)(\d{1,15})$/i;
const MAX_TEMPLATES = 32;

interface Template {
  readonly parsed: Parsed;
  readonly number: string;
  readonly version: number;
}

/** Those of one session. */
export class PointStatements {
  readonly #reads: PointReads;
  readonly #templates = new Map<string, Template>();

  constructor(reads: PointReads) {
    this.#reads = reads;
  }

  /** What the session sees may have changed: its settings, its objects. */
  clear(): void {
    this.#templates.clear();
  }

  get version(): number {
    return this.#reads.watch.version;
  }

  /**
   * The statement without describing it, if one that differs by its number alone was described.
   * @param searchPath where the session looks for tables
   */
  find(sql: string, searchPath: string): Parsed | undefined {
    if (this.#templates.size === 0) return undefined;
    const [, before, number] = ENDS_WITH_NUMBER.exec(sql) ?? [];
    if (before === undefined || number === undefined) return undefined;
    const template = this.#templates.get(shape(before, number, searchPath));
    if (template === undefined) return undefined;
    const { watch } = this.#reads;
    if (template.version !== watch.version || !watch.isQuiet) {
      this.#templates.clear();
      return undefined;
    }
    return withNumber(template, sql, number);
  }

  /**
   * Keeps a statement that was described without parameters, outside a transaction.
   * @param version of the watch before it was described
   */
  add(sql: string, searchPath: string, parsed: Parsed, version: number): void {
    const [, before, number] = ENDS_WITH_NUMBER.exec(sql) ?? [];
    const { watch } = this.#reads;
    if (before === undefined || number === undefined) return;
    if (!watch.isQuiet || watch.version !== version) return;
    if (this.#reads.selectOf(parsed) === undefined || !parsed.typed.text.endsWith(number)) return;
    if (this.#templates.size >= MAX_TEMPLATES) this.#templates.clear();
    this.#templates.set(shape(before, number, searchPath), { parsed, number, version });
  }
}

/** Numbers of up to nine digits are of one type, longer ones of another. */
function shape(before: string, number: string, searchPath: string): string {
  return JSON.stringify([number.length < 10, searchPath, before]);
}

function withNumber({ parsed, number: old }: Template, sql: string, number: string): Parsed {
  const last = parsed.tokens.at(-1);
  const { typed } = parsed;
  return {
    ...parsed,
    text: sql,
    tokens:
      last === undefined
        ? parsed.tokens
        : [
            ...parsed.tokens.slice(0, -1),
            { ...last, text: number, value: number, end: last.start + number.length },
          ],
    typed: { ...typed, text: typed.text.slice(0, typed.text.length - old.length) + number },
  };
}
