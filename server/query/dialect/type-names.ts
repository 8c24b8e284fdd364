/** Type names in SQL text: where they end, and what PostgreSQL calls them in its own catalog. */
import { behindBracket } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

/** PostgreSQL's names for what its grammar spells otherwise (gram.y, SystemTypeName). */
const SYSTEM_NAMES: Readonly<Record<string, string>> = {
  int: 'int4',
  integer: 'int4',
  smallint: 'int2',
  bigint: 'int8',
  real: 'float4',
  float: 'float8',
  'double precision': 'float8',
  decimal: 'numeric',
  dec: 'numeric',
  boolean: 'bool',
  char: 'bpchar',
  character: 'bpchar',
  nchar: 'bpchar',
  'national character': 'bpchar',
  'character varying': 'varchar',
  'char varying': 'varchar',
  'national character varying': 'varchar',
  'bit varying': 'varbit',
  'time with time zone': 'timetz',
  'timestamp with time zone': 'timestamptz',
  'time without time zone': 'time',
  'timestamp without time zone': 'timestamp',
};

export interface TypeName {
  /** As PostgreSQL's catalog has it, without array brackets. */
  readonly name: string;
  /** Index behind it, with its modifiers and array brackets. */
  readonly end: number;
  readonly isArray: boolean;
}

/** A type name that starts at token `from`; undefined when there is none. */
export function readTypeName(tokens: readonly Token[], from: number): TypeName | undefined {
  const first = tokens[from];
  if (first?.kind !== 'word' && first?.kind !== 'quoted') return undefined;
  let end = from + 1;
  let name = first.value;
  while (tokens[end]?.value === '.' && tokens[end + 1] !== undefined) {
    name = tokens[end + 1]?.value ?? name;
    end += 2;
  }
  if (end === from + 1 && first.kind === 'word') {
    const words = typeWordsEnd(tokens, from);
    if (words > end) {
      name = tokens
        .slice(from, words)
        .filter((token) => token.kind === 'word')
        .map((token) => token.value)
        .join(' ');
      end = words;
    }
    name = SYSTEM_NAMES[name] ?? name;
  }
  if (tokens[end]?.value === '(') {
    // float(1…24) is a float4.
    const digits = Number(tokens[end + 1]?.value);
    if (first.value === 'float' && digits <= 24) name = 'float4';
    end = behindBracket(tokens, end);
  }
  let isArray = false;
  for (;;) {
    if (tokens[end]?.value === '[') end = behindBracket(tokens, end);
    else if (tokens[end]?.kind === 'word' && tokens[end]?.value === 'array') end++;
    else break;
    isArray = true;
  }
  return { name, end, isArray };
}

/** Index behind the words of a type that has several: `double precision`, `timestamp (3) with time zone`. */
export function typeWordsEnd(tokens: readonly Token[], from: number): number {
  const word = (at: number) => (tokens[at]?.kind === 'word' ? tokens[at]?.value : undefined);
  switch (word(from)) {
    case 'double':
      return word(from + 1) === 'precision' ? from + 2 : from + 1;
    case 'national': {
      const isCharacter = word(from + 1) === 'character' || word(from + 1) === 'char';
      if (!isCharacter) return from + 1;
      return word(from + 2) === 'varying' ? from + 3 : from + 2;
    }
    case 'character':
    case 'char':
    case 'bit':
      return word(from + 1) === 'varying' ? from + 2 : from + 1;
    case 'time':
    case 'timestamp': {
      const at = tokens[from + 1]?.value === '(' ? behindBracket(tokens, from + 1) : from + 1;
      const isZoned = word(at) === 'with' || word(at) === 'without';
      return isZoned && word(at + 1) === 'time' && word(at + 2) === 'zone' ? at + 3 : from + 1;
    }
    default:
      return from + 1;
  }
}
