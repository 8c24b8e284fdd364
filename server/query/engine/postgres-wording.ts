/** What DuckDB says, in PostgreSQL's words where it has them: people search for them, and some clients match them. */
import { SqlState } from '../../../common/errors.ts';

export interface Wording {
  readonly message: string;
  /** Where the words tell more than the kind of the error. */
  readonly sqlState?: SqlState;
}

type Rule = readonly [pattern: RegExp, words: (...groups: string[]) => Wording | string];

/** DuckDB's names of types in messages, and PostgreSQL's. */
const typeNames: Readonly<Record<string, string>> = {
  BOOL: 'boolean',
  BOOLEAN: 'boolean',
  INT8: 'smallint',
  TINYINT: 'smallint',
  INT16: 'smallint',
  SMALLINT: 'smallint',
  INT32: 'integer',
  INTEGER: 'integer',
  INTEGER_LITERAL: 'integer',
  INT64: 'bigint',
  BIGINT: 'bigint',
  // A UUID is one inside.
  INT128: 'uuid',
  HUGEINT: 'numeric',
  FLOAT: 'real',
  DOUBLE: 'double precision',
  VARCHAR: 'text',
  STRING_LITERAL: 'unknown',
  BLOB: 'bytea',
  TIMESTAMP: 'timestamp without time zone',
  'TIMESTAMP WITH TIME ZONE': 'timestamp with time zone',
  TIME: 'time without time zone',
  'TIME WITH TIME ZONE': 'time with time zone',
};

function typeName(name: string): string {
  return typeNames[name] ?? name.toLowerCase();
}

const rules: readonly Rule[] = [
  [
    /^Referenced column "(.*)" (?:not found in FROM clause!|was not found because the FROM clause is missing)$/,
    (name) => `column "${name}" does not exist`,
  ],
  [
    /^Table "(.*)" does not have a column named "(.*)"$/,
    (table, name) => `column ${table}.${name} does not exist`,
  ],
  [
    /^Table "(.*)" does not have a column with name "(.*)"$/,
    (table, name) => ({
      message: `column "${name}" of relation "${table}" does not exist`,
      sqlState: SqlState.undefinedColumn,
    }),
  ],
  [
    /^Referenced update column (.*) not found in table!$/,
    (name) => ({ message: `column "${name}" does not exist`, sqlState: SqlState.undefinedColumn }),
  ],
  [
    /^Referenced table "(.*)" not found!$/,
    (name) => ({
      message: `missing FROM-clause entry for table "${name}"`,
      sqlState: SqlState.undefinedTable,
    }),
  ],
  [/^Ambiguous reference to column name "(.*?)"/, (name) => `column reference "${name}" is ambiguous`],
  [
    /^column "(.*)" must appear in the GROUP BY clause or must be part of an aggregate function\.$/,
    (name) => `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
  ],
  [
    /^(Table|View) with name "?([^"]*)"? does not exist!$/,
    // Without a place in the text it was DROP or ALTER that named it.
    (kind, name, place) => `${place === '' ? kind.toLowerCase() : 'relation'} "${name}" does not exist`,
  ],
  [
    /^(?:Table|View) with name "([^"]*)" does not exist because schema /,
    (name) => ({ message: `relation "${name}" does not exist`, sqlState: SqlState.undefinedTable }),
  ],
  [/^(?:Table|View) with name "?([^"]*)"? already exists!$/, (name) => `relation "${name}" already exists`],
  [
    /^(Schema|Type|Sequence) with name "?([^"]*)"? (does not exist|already exists)!$/,
    (kind, name, what) => `${kind.toLowerCase()} "${name}" ${what}`,
  ],
  [
    /^(?:Scalar|Table|Aggregate) Function with name "?([^"]*)"? does not exist!$/,
    (name) => `function ${name} does not exist`,
  ],
  [
    /^No function matches the given name and argument types '([^\w"(]+)\(([^,]*), ([^,]*)\)'/,
    (name, left, right) => `operator does not exist: ${typeName(left)} ${name} ${typeName(right)}`,
  ],
  [
    /^No function matches the given name and argument types '(\w+)\((.*)\)'/,
    (name, types) => `function ${name}(${types.split(', ').map(typeName).join(', ')}) does not exist`,
  ],
  [
    /^Could not convert string '(\s*[+-]?\d+\s*)' to (INT16|INT32|INT64)$/,
    (text, type) => ({
      message: `value "${text}" is out of range for type ${typeName(type)}`,
      sqlState: SqlState.numericValueOutOfRange,
    }),
  ],
  [
    /^Could not convert string ['"](.*)['"] to ([A-Z]+\d*)$/s,
    (text, type) => `invalid input syntax for type ${typeName(type)}: "${text}"`,
  ],
  [
    /^invalid (date|timestamp|time) field format: "(.*)", expected format is /s,
    (type, text) => `invalid input syntax for type ${type}: "${text}"`,
  ],
  [/^Interrupted!$/, () => 'canceling statement due to user request'],
  [/^Overflow in \w+ of (INT16|INT32|INT64) /, (type) => `${typeName(type)} out of range`],
  [
    /^Type \w+ with value \S+ can't be cast because the value is out of range for the destination type (INT16|INT32|INT64)$/,
    (type) => `${typeName(type)} out of range`,
  ],
  [
    /^NOT NULL constraint failed: (?:.*\.)?(.*)\.(.*)$/,
    (table, name) => `null value in column "${name}" of relation "${table}" violates not-null constraint`,
  ],
  [
    /^CHECK constraint failed on table (.*) with expression (CHECK.*)$/s,
    (table, expression) => `new row for relation "${table}" violates check constraint ${expression}`,
  ],
  [
    /^(?:PRIMARY KEY or UNIQUE constraint violation: duplicate key|Duplicate key) "(.*)"/s,
    (key) => `duplicate key value violates unique constraint: ${key}`,
  ],
];

/**
 * @param position where in the statement the error is, the last argument of every rule; '' where it is not known
 * @returns the message as PostgreSQL words it; undefined where it has no words for it, or the same
 */
export function postgresWording(message: string, position: number | undefined): Wording | undefined {
  for (const [pattern, words] of rules) {
    const match = pattern.exec(message);
    if (match === null) continue;
    const said = words(...match.slice(1), position === undefined ? '' : String(position));
    return typeof said === 'string' ? { message: said } : said;
  }
  return undefined;
}
