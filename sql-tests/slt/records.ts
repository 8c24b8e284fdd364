/** What a .slt file is made of, after parsing. */

/** Text, NULL, or the bytes of a file. */
export type Parameter = string | null | { readonly file: string };

/** What a record may demand beside its result: the lines in front of it. */
export interface Demands {
  /** Session that runs it; each name is a connection of its own. */
  readonly connection: string;
  /** Parameter values: the extended protocol is used. */
  readonly params: readonly Parameter[] | undefined;
  /** Name of a prepared statement on the protocol level: a second record with the same name executes it again. */
  readonly prepared: string | undefined;
  /** Inputs that workers get for this record, exactly. */
  readonly inferred: number | undefined;
  /** Every WARNING must be matched by one of these, and each of these must match a notice ("SEVERITY: message"). */
  readonly notices: readonly RegExp[];
  /** The error's position must be where this text first stands in the SQL. */
  readonly position: string | undefined;
  /** Names of the result's columns. */
  readonly columns: readonly string[] | undefined;
  /** The command tag ("INSERT 3", as node-postgres joins its parts). */
  readonly tag: string | undefined;
}

export type SortMode = 'nosort' | 'rowsort' | 'valuesort';

/** T text, I integer, R real (three decimals), B boolean. */
export type ColumnType = 'T' | 'I' | 'R' | 'B';

export interface ExpectedError {
  readonly sqlState: string | undefined;
  readonly message: RegExp | undefined;
}

/** What a file runs on: `skipif` and `onlyif` name them. */
export type Engine = 'sqlens' | 'postgres';

interface Located {
  /** 1-based line of the record's first line. */
  readonly line: number;
}

export type SltRecord = Located &
  (
    | {
        readonly kind: 'statement';
        readonly sql: string;
        readonly error: ExpectedError | undefined;
        readonly demands: Demands;
      }
    | {
        readonly kind: 'query';
        readonly sql: string;
        readonly types: readonly ColumnType[];
        readonly sort: SortMode;
        readonly label: string | undefined;
        readonly expected: readonly string[];
        readonly demands: Demands;
      }
    | { readonly kind: 'include'; readonly file: string }
    | { readonly kind: 'copy-file'; readonly from: string; readonly to: string }
    | { readonly kind: 'remove-file'; readonly file: string }
    | { readonly kind: 'disconnect'; readonly connection: string }
    | { readonly kind: 'restart' }
    | { readonly kind: 'halt' }
  );
