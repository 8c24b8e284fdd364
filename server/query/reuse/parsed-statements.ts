/** What texts were parsed to: applications send the same ones again and again. */
import type { DeclaredType } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';

/** Of all texts that one session remembers; their tokens take some thirty times as much. */
const MAX_CHARACTERS = 32_000;
const MAX_TEXT_LENGTH = 4_000;

interface Known {
  readonly parsed: Parsed;
  readonly stamp: string;
}

/** Those of one session. */
export class ParsedStatements {
  readonly #known = new Map<string, Known>();
  #characters = 0;

  /** @param stamp another one whenever anything that parsing looks at has changed */
  find(sql: string, declared: readonly DeclaredType[], stamp: string): Parsed | undefined {
    if (sql.length > MAX_TEXT_LENGTH || this.#known.size === 0) return undefined;
    const key = keyOf(sql, declared);
    const known = this.#known.get(key);
    if (known === undefined) return undefined;
    this.#delete(key);
    if (known.stamp !== stamp) return undefined;
    this.#set(key, known);
    return known.parsed;
  }

  add(sql: string, declared: readonly DeclaredType[], stamp: string, parsed: Parsed): void {
    if (sql.length > MAX_TEXT_LENGTH || !isLasting(parsed)) return;
    this.#set(keyOf(sql, declared), { parsed, stamp });
    for (const [key] of this.#known) {
      if (this.#characters <= MAX_CHARACTERS) break;
      this.#delete(key);
    }
  }

  #set(key: string, known: Known): void {
    this.#delete(key);
    this.#known.set(key, known);
    this.#characters += key.length;
  }

  #delete(key: string): void {
    if (this.#known.delete(key)) this.#characters -= key.length;
  }
}

function keyOf(sql: string, declared: readonly DeclaredType[]): string {
  return declared.length === 0 ? sql : `${declared.map(({ oid }) => oid).join(',')}:${sql}`;
}

/** Whether parsing it again would find the same: not what lists places, or reads the catalog or files. */
function isLasting({ statement, asks, mixed, columns }: Parsed): boolean {
  if (asks || mixed !== undefined) return false;
  switch (statement.kind) {
    case 'query':
      return columns !== undefined;
    case 'insert':
    case 'update':
    case 'delete':
      return true;
    default:
      return false;
  }
}
