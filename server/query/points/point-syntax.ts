/** Statements of the form SELECT columns FROM table WHERE column = whole number, or parameter. */
import type { Token } from '../text/tokens.ts';

export interface PointSelect {
  readonly schema: string | undefined;
  readonly table: string;
  /** Undefined: `*`. */
  readonly columns: readonly string[] | undefined;
  readonly keyColumn: string;
  /** The number itself, or which parameter (0-based) it is. */
  readonly key: { readonly literal: number } | { readonly parameter: number };
}

/** Words that are functions or values without brackets, where a column might be meant. */
const NOT_COLUMNS =
  /^(current_\w+|localtime|localtimestamp|user|session_user|system_user|true|false|null|default|rowid|distinct|all|case|not|cast|array|row|exists|select|from|where|on|only|lateral)$/;

/** @returns undefined for every other statement */
export function pointSelect(tokens: readonly Token[]): PointSelect | undefined {
  const reader = new Reader(tokens);
  if (!reader.takes('select')) return undefined;
  const columns = reader.takes('*') ? undefined : names(reader);
  if (columns?.length === 0 || !reader.takes('from')) return undefined;
  const first = reader.name();
  const second = first !== undefined && reader.takes('.') ? reader.name() : undefined;
  const table = second ?? first;
  if (table === undefined || (first !== undefined && second === undefined && reader.tookDot))
    return undefined;
  if (!reader.takes('where')) return undefined;
  const keyColumn = reader.name();
  if (keyColumn === undefined || !reader.takes('=')) return undefined;
  const key = keyOf(reader.next());
  if (key === undefined || reader.next() !== undefined) return undefined;
  return { schema: second === undefined ? undefined : first, table, columns, keyColumn, key };
}

function names(reader: Reader): string[] {
  const found: string[] = [];
  do {
    const name = reader.name();
    if (name === undefined) return [];
    found.push(name);
  } while (reader.takes(','));
  return found;
}

function keyOf(token: Token | undefined): PointSelect['key'] | undefined {
  if (token?.kind === 'number' && /^\d{1,15}$/.test(token.text)) return { literal: Number(token.text) };
  if (token?.kind === 'parameter' && /^\$\d{1,5}$/.test(token.text)) {
    return { parameter: Number(token.text.slice(1)) - 1 };
  }
  return undefined;
}

class Reader {
  tookDot = false;
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  next(): Token | undefined {
    return this.#tokens[this.#at++];
  }

  takes(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.kind === 'quoted' || token.kind === 'string' || token.value !== text) {
      return false;
    }
    this.tookDot ||= text === '.';
    this.#at++;
    return true;
  }

  /** A name, without any doubt that it is one. */
  name(): string | undefined {
    const token = this.#tokens[this.#at];
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) return undefined;
    if (token.kind === 'word' && NOT_COLUMNS.test(token.value)) return undefined;
    this.#at++;
    return token.value;
  }
}
