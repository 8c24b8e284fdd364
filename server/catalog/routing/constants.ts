/**
 * Constant expressions about the catalog or the session, found among a statement's tokens: `version()`,
 * `current_user`, `'t'::regclass::oid`, `has_table_privilege(current_user, 't', 'SELECT')`. Tokens and not a tree, so
 * that the same is found in statements that only DuckDB's parser reads, and in very long ones.
 */
import type { Token } from '../../query/text/tokens.ts';
import {
  internalTypeName,
  isCatalogFunction,
  isCatalogType,
  isForbiddenInMirror,
  isPostgresFunction,
} from './names.ts';

/** An argument of a call about the session: a number or boolean is its text, `$1` is known when it is executed. */
export type ConstantArgument = string | null | { readonly parameter: number };

/** A call whose answer the session or the server knows without asking the catalog. */
export interface SessionCall {
  readonly name: string;
  readonly parameters: readonly ConstantArgument[];
  /** Offsets in characters. */
  readonly start: number;
  readonly end: number;
  /** In FROM, where a value has to be a query: what its column and, without an alias, itself is called. */
  readonly source?: { readonly column: string; readonly hasAlias: boolean };
}

export interface CatalogConstant {
  /** Offsets in characters. */
  readonly start: number;
  readonly end: number;
  /**
   * The constant expression that begins with it (`version()::text`): where it ends, and the column name that
   * PostgreSQL derives for it. undefined for what stands inside of one.
   */
  readonly item: { readonly end: number; readonly columnName: string } | undefined;
  /** The calls about the session in it. */
  readonly sessionCalls: readonly SessionCall[];
  /** The whole is one call about the session. */
  readonly isSessionCall: boolean;
  /** The result is a reg… value: shown as a name, compared as an oid. */
  readonly regType: 'none' | 'one' | 'array';
}

/** Functions that `session-values.ts` may answer. */
const SESSION_FUNCTIONS = new Set([
  'version',
  'current_database',
  'current_schema',
  'current_schemas',
  'current_setting',
  'set_config',
  'getpgusername',
  'getdatabaseencoding',
  'inet_client_addr',
  'inet_client_port',
  'inet_server_addr',
  'inet_server_port',
  'pg_backend_pid',
  'pg_is_in_recovery',
  'pg_client_encoding',
  'pg_encoding_to_char',
  'pg_advisory_unlock_all',
  'pg_postmaster_start_time',
  'pg_conf_load_time',
  'pg_notify',
  'pg_cancel_backend',
  'pg_terminate_backend',
]);

/** Called without parentheses. */
const SESSION_KEYWORDS = new Set([
  'current_user',
  'session_user',
  'system_user',
  'current_role',
  'current_catalog',
  'current_schema',
]);

/** Their calls are not constant, or not harmless in a mirror. */
const NEVER_CONSTANT = new Set(['random', 'gen_random_uuid', 'clock_timestamp', 'timeofday', 'now']);

/** Calls nested deeper are left as they are. */
const MAX_DEPTH = 32;

interface Parsed {
  readonly last: number;
  readonly value: ConstantArgument | undefined;
  readonly regType: CatalogConstant['regType'];
  readonly columnName: string;
  /** The name is a function's: it stays whatever the value is cast to. */
  readonly keepsName: boolean;
  /** It asks the catalog or the session. */
  readonly isCatalog: boolean;
  /** It asks something that only the mirror can answer. */
  readonly needsMirror: boolean;
  readonly sessionCalls: readonly SessionCall[];
  /** $1 …: fit for a call about the session, and for nothing else. */
  readonly hasParameter: boolean;
}

const PLAIN = {
  value: undefined,
  regType: 'none',
  columnName: '?column?',
  keepsName: false,
  isCatalog: false,
  needsMirror: false,
  sessionCalls: [],
  hasParameter: false,
} as const;

/**
 * @returns the largest constants that only the mirror can answer, and the session's calls outside of them, in order
 */
export function findConstants(tokens: readonly Token[]): readonly CatalogConstant[] {
  const found: CatalogConstant[] = [];
  const reader = new ConstantReader(tokens);
  for (let at = 0; at < tokens.length; at++) {
    const before = tokens[at - 1]?.value;
    const kind = tokens[at]?.kind;
    if (before === '.' || before === 'as' || before === '::') continue;
    // Numbers matter only where a cast to reg… follows.
    if (kind === 'operator' || (kind === 'number' && tokens[at + 1]?.value !== '::')) continue;
    const parsed = reader.constant(at, 0);
    if (parsed === undefined || !parsed.isCatalog || (parsed.needsMirror && parsed.hasParameter)) continue;
    if (parsed.needsMirror) {
      const whole = reader.outOfParentheses(at, parsed);
      found.push(catalogConstant(tokens, whole.first, whole.parsed));
      at = whole.parsed.last;
    } else {
      // `upper(current_user)`: the session's answer is enough, and DuckDB does the rest.
      const item = { end: tokens[parsed.last]?.end ?? 0, columnName: parsed.columnName };
      for (const call of parsed.sessionCalls) {
        const isFirst = call.start === tokens[at]?.start;
        found.push({
          ...call,
          item: isFirst ? item : undefined,
          sessionCalls: [call],
          isSessionCall: true,
          regType: 'none',
        });
      }
      at = parsed.last;
    }
  }
  return found;
}

function catalogConstant(tokens: readonly Token[], first: number, parsed: Parsed): CatalogConstant {
  const start = tokens[first]?.start ?? 0;
  const end = tokens[parsed.last]?.end ?? start;
  return {
    start,
    end,
    item: { end, columnName: parsed.columnName },
    sessionCalls: parsed.sessionCalls,
    isSessionCall: false,
    regType: parsed.regType,
  };
}

class ConstantReader {
  readonly #tokens: readonly Token[];

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  constant(at: number, depth: number): Parsed | undefined {
    if (depth > MAX_DEPTH) return undefined;
    const primary = this.#primary(at, depth);
    return primary === undefined ? undefined : this.#casts(primary);
  }

  /** `('x'::regclass)::text`: what is cast outside of the parentheses belongs to it. */
  outOfParentheses(first: number, parsed: Parsed): { readonly first: number; readonly parsed: Parsed } {
    const outside = this.#tokens[first - 2];
    const isGrouping =
      this.#is(first - 1, '(') &&
      this.#is(parsed.last + 1, ')') &&
      this.#is(parsed.last + 2, '::') &&
      outside?.kind !== 'quoted' &&
      (outside?.kind !== 'word' || OPENERS.has(outside.value));
    if (!isGrouping) return { first, parsed };
    const cast = this.#casts({ ...parsed, last: parsed.last + 1 });
    if (cast.last === parsed.last + 1) return { first, parsed };
    return this.outOfParentheses(first - 1, cast);
  }

  #is(at: number, value: string): boolean {
    const token = this.#tokens[at];
    return token?.value === value && token.kind !== 'string' && token.kind !== 'quoted';
  }

  #primary(at: number, depth: number): Parsed | undefined {
    const token = this.#tokens[at];
    if (token === undefined) return undefined;
    switch (token.kind) {
      case 'string':
      case 'number':
        return { ...PLAIN, last: at, value: token.value };
      case 'operator':
        return this.#signOrGroup(at, depth);
      case 'quoted':
        return this.#call(at, depth);
      case 'word':
        return this.#word(at, token.value, depth);
      case 'parameter': {
        const value = { parameter: Number(token.value.slice(1)) };
        return Number.isInteger(value.parameter)
          ? { ...PLAIN, last: at, value, hasParameter: true }
          : undefined;
      }
    }
  }

  #signOrGroup(at: number, depth: number): Parsed | undefined {
    if (this.#is(at, '-') && this.#tokens[at + 1]?.kind === 'number') {
      return { ...PLAIN, last: at + 1, value: `-${this.#tokens[at + 1]?.value}` };
    }
    // Only inside another constant: elsewhere a parenthesis may belong to a call or a list.
    if (!this.#is(at, '(') || depth === 0) return undefined;
    const inner = this.constant(at + 1, depth + 1);
    if (inner === undefined || !this.#is(inner.last + 1, ')')) return undefined;
    return { ...inner, last: inner.last + 1 };
  }

  #word(at: number, word: string, depth: number): Parsed | undefined {
    if (word === 'null') return { ...PLAIN, last: at, value: null };
    if (word === 'true' || word === 'false') return { ...PLAIN, last: at, value: word };
    if (word === 'cast' && this.#is(at + 1, '(')) return this.#castCall(at, depth);
    if (word === 'array' && this.#is(at + 1, '[')) return this.#array(at, depth);
    if (isCatalogType(word) && this.#tokens[at + 1]?.kind === 'string') {
      return {
        ...PLAIN,
        last: at + 1,
        regType: 'one',
        columnName: word,
        isCatalog: true,
        needsMirror: true,
      };
    }
    if (SESSION_KEYWORDS.has(word) && !this.#is(at + 1, '(')) {
      return this.#is(at + 1, '.') ? undefined : this.#sessionCall(word, [], at, at);
    }
    return this.#call(at, depth);
  }

  #castCall(at: number, depth: number): Parsed | undefined {
    const inner = this.constant(at + 2, depth + 1);
    if (inner === undefined || !this.#is(inner.last + 1, 'as')) return undefined;
    const type = this.#type(inner.last + 2);
    if (type === undefined || !this.#is(type.last + 1, ')')) return undefined;
    return castTo(inner, type, type.last + 1);
  }

  #array(at: number, depth: number): Parsed | undefined {
    const items = this.#list(at + 1, ']', depth);
    if (items === undefined) return undefined;
    const combined = combine(items.items);
    if (combined.hasParameter) return undefined;
    return {
      ...combined,
      last: items.last,
      regType: items.items.some(({ regType }) => regType === 'one') ? 'array' : 'none',
      columnName: 'array',
      keepsName: true,
    };
  }

  #call(at: number, depth: number): Parsed | undefined {
    const isQualified = this.#is(at + 1, '.');
    const schema = isQualified ? this.#tokens[at]?.value : undefined;
    if (schema !== undefined && schema !== 'pg_catalog') return undefined;
    const nameAt = isQualified ? at + 2 : at;
    const token = this.#tokens[nameAt];
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) return undefined;
    const name = token.value;
    if (!this.#is(nameAt + 1, '(') || !isPostgresFunction(name) || isForbiddenInMirror(name))
      return undefined;
    if (NEVER_CONSTANT.has(name)) return undefined;
    const list = this.#list(nameAt + 1, ')', depth);
    if (list === undefined || FOLLOWED_BY.has(this.#tokens[list.last + 1]?.value ?? '')) return undefined;
    const values = list.items.map(({ value }) => value);
    const known = values.filter((value) => value !== undefined);
    if (SESSION_FUNCTIONS.has(name) && known.length === values.length) {
      return this.#sessionCall(name, known, at, list.last);
    }
    const isCatalog = isCatalogFunction(name);
    const combined = combine(list.items);
    if (combined.hasParameter) return undefined;
    return {
      ...combined,
      last: list.last,
      columnName: name,
      keepsName: true,
      regType: name.startsWith('to_reg') ? 'one' : 'none',
      isCatalog: isCatalog || combined.isCatalog,
      needsMirror: isCatalog || combined.needsMirror,
    };
  }

  #sessionCall(name: string, parameters: readonly ConstantArgument[], first: number, last: number): Parsed {
    const start = this.#tokens[first]?.start ?? 0;
    const hasParameter = parameters.some((item) => item !== null && typeof item === 'object');
    const before = this.#tokens[first - 1]?.value;
    // By tokens alone; `withSources` knows better where there is a tree.
    const isSource = before === 'from' || before === 'join';
    const source = isSource ? { column: name, hasAlias: true } : undefined;
    const call = { name, parameters, start, end: this.#tokens[last]?.end ?? start, source };
    return {
      ...PLAIN,
      last,
      columnName: name,
      keepsName: true,
      isCatalog: true,
      sessionCalls: [call],
      hasParameter,
    };
  }

  /** Constants between brackets. @param at index of the opening bracket */
  #list(
    at: number,
    close: string,
    depth: number,
  ): { readonly items: readonly Parsed[]; readonly last: number } | undefined {
    if (this.#is(at + 1, close)) return { items: [], last: at + 1 };
    const items: Parsed[] = [];
    for (let next = at + 1; ; ) {
      const item = this.constant(next, depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      if (this.#is(item.last + 1, close)) return { items, last: item.last + 1 };
      if (!this.#is(item.last + 1, ',')) return undefined;
      next = item.last + 2;
    }
  }

  #casts(parsed: Parsed): Parsed {
    if (!this.#is(parsed.last + 1, '::')) return parsed;
    const type = this.#type(parsed.last + 2);
    return type === undefined ? parsed : this.#casts(castTo(parsed, type, type.last));
  }

  /** A type of one word, qualified or not, with its modifiers and brackets. */
  #type(at: number): TypeName | undefined {
    let last = this.#is(at + 1, '.') ? at + 2 : at;
    const token = this.#tokens[last];
    if (token === undefined || (token.kind !== 'word' && token.kind !== 'quoted')) return undefined;
    if (TWO_WORDS.has(token.value) && this.#tokens[last + 1]?.kind === 'word') return undefined;
    if (this.#is(last + 1, '(')) {
      const close = this.#tokens.findIndex((_, index) => index > last && this.#is(index, ')'));
      if (close < 0) return undefined;
      last = close;
    }
    let isArray = false;
    while (this.#is(last + 1, '[') && this.#is(last + 2, ']')) {
      isArray = true;
      last += 2;
    }
    return { name: token.value, isArray, last };
  }
}

interface TypeName {
  readonly name: string;
  readonly isArray: boolean;
  readonly last: number;
}

/** `double precision`, `timestamp with time zone`: left to DuckDB to cast to. */
const TWO_WORDS = new Set(['double', 'character', 'timestamp', 'time', 'bit', 'national', 'interval']);

/** What makes an aggregate or a window of a call. */
const FOLLOWED_BY = new Set(['over', 'filter', 'within']);

/** Words before a parenthesis that is no call's. */
const OPENERS = new Set([
  'select',
  'where',
  'and',
  'or',
  'not',
  'on',
  'then',
  'else',
  'when',
  'case',
  'having',
]);

function combine(items: readonly Parsed[]): Omit<Parsed, 'last'> {
  return {
    ...PLAIN,
    isCatalog: items.some(({ isCatalog }) => isCatalog),
    needsMirror: items.some(({ needsMirror }) => needsMirror),
    sessionCalls: items.flatMap(({ sessionCalls }) => sessionCalls),
    hasParameter: items.some(({ hasParameter }) => hasParameter),
  };
}

function castTo(parsed: Parsed, type: TypeName, last: number): Parsed {
  const isReg = isCatalogType(type.name);
  // A constant keeps its value through a cast to text; nothing else does.
  const isText = type.name === 'text' || type.name === 'varchar' || type.name === 'name';
  const keepsValue = !type.isArray && (isText || (parsed.hasParameter && !isReg));
  return {
    ...parsed,
    last,
    value: keepsValue ? parsed.value : undefined,
    regType: !isReg ? 'none' : type.isArray ? 'array' : 'one',
    columnName: parsed.keepsName ? parsed.columnName : internalTypeName(type.name),
    isCatalog: parsed.isCatalog || isReg,
    // The catalog's own names for things come back to text only there.
    needsMirror: parsed.needsMirror || isReg,
  };
}
