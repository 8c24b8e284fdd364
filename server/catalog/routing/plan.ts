/**
 * What has to be fetched from the catalog before DuckDB can run a statement that needs both: the largest queries in it
 * that touch the catalog alone; else the relations, of which only the columns that are read; and constant expressions.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { quoteIdentifier, type Token } from '../../query/text/tokens.ts';
import type { CatalogConstant, SessionCall } from './constants.ts';
import { columnsOf, isForbiddenInMirror } from './names.ts';
import type { FunctionUse, QueryUse, RelationUse, StatementUse } from './query-use.ts';
import { Spans, type TokenSpan } from './spans.ts';

/** A part of the statement's text and what takes its place. Offsets are in characters. */
export type Piece =
  | {
      /** Rows from the mirror: `before`, a query that yields them, `after`. */
      readonly kind: 'rows';
      readonly start: number;
      readonly end: number;
      /** What to run in the mirror: alone, or followed by the text itself and an alias. */
      readonly catalogSql: string;
      readonly text: 'inside' | 'none';
      readonly catalogAlias: string;
      readonly before: string;
      readonly after: string;
    }
  | {
      /** One value from the mirror. */
      readonly kind: 'value';
      readonly start: number;
      readonly end: number;
      /** Its type is to be an oid: it is compared, not shown. */
      readonly cast: string;
    }
  | {
      /** A value that the session knows. */
      readonly kind: 'session';
      readonly start: number;
      readonly end: number;
      readonly call: SessionCall;
    }
  | {
      /** The column name that the expression before it had in PostgreSQL. */
      readonly kind: 'name';
      readonly start: number;
      readonly end: number;
      readonly name: string;
    };

export interface MixedPlan {
  readonly sql: string;
  /** In the order of the text, none inside another. */
  readonly pieces: readonly Piece[];
  /** Every call about the session, also those inside of pieces. */
  readonly sessionCalls: readonly SessionCall[];
  /** False: the session's values are enough, unless one of them is missing. */
  readonly needsMirror: boolean;
}

export interface PlanInput {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly constants: readonly CatalogConstant[];
  /** undefined for a text that PostgreSQL's parser does not read. */
  readonly uses: StatementUse | undefined;
  /** What such a text reads of the catalog. */
  readonly relations?: readonly RelationUse[];
  /** Turns the tree's offsets into characters. */
  readonly offset: (bytes: number) => number;
}

/** Words that may follow a whole entry of a select list. */
const AFTER_ITEM = new Set(
  ', ) ; from where union intersect except order limit group having into window offset fetch for on returning'.split(
    ' ',
  ),
);

/**
 * @throws 0A000 for what cannot be fetched first: a function of the catalog that needs values of the user's tables
 */
export function planMixed(input: PlanInput): MixedPlan {
  const pieces = new Planner(input).pieces();
  return {
    sql: input.sql,
    pieces,
    sessionCalls: input.constants.flatMap(({ sessionCalls }) => sessionCalls),
    needsMirror: pieces.some(({ kind }) => kind === 'rows' || kind === 'value'),
  };
}

/** A query of the catalog alone that the engine is to give the rows of, as for a cursor. */
export function wholeQuery(sql: string, sessionCalls: readonly SessionCall[]): MixedPlan {
  const everything = {
    kind: 'rows',
    text: 'inside',
    catalogSql: '',
    catalogAlias: '',
    before: '',
    after: '',
  } as const;
  const pieces = [{ ...everything, start: 0, end: sql.length }];
  return { sql, pieces, sessionCalls, needsMirror: true };
}

/** Whether a query, with all that is in it, can be answered by the mirror alone. */
export function isCatalogOnly(query: QueryUse): boolean {
  return (
    !query.hasEngineTypes &&
    query.relations.every(({ kind }) => kind === 'catalog') &&
    query.functions.every(({ kind, name }) => kind !== 'engine' && !isForbiddenInMirror(name)) &&
    query.children.every(isCatalogOnly)
  );
}

function someQuery(query: QueryUse, test: (query: QueryUse) => boolean): boolean {
  return test(query) || query.children.some((child) => someQuery(child, test));
}

class Planner {
  readonly #input: PlanInput;
  readonly #spans: Spans;
  readonly #rows: Piece[] = [];
  readonly #names: Piece[] = [];

  constructor(input: PlanInput) {
    this.#input = input;
    this.#spans = new Spans(input.tokens);
  }

  pieces(): Piece[] {
    const { uses, constants, relations = [] } = this.#input;
    for (const relation of relations) this.#fetchRelation(relation);
    if (uses !== undefined && !this.#wholeQuery(uses)) this.#query(uses.root);
    const isInRows = (start: number) => this.#rows.some((piece) => start >= piece.start && start < piece.end);
    const outside = constants.filter(({ start }) => !isInRows(start));
    return [...this.#rows, ...this.#names, ...outside.flatMap((constant) => this.#constant(constant))].sort(
      (a, b) => a.start - b.start,
    );
  }

  /** INSERT … SELECT and CREATE TABLE … AS of the catalog alone: all that is asked is fetched. */
  #wholeQuery({ kind, root }: StatementUse): boolean {
    if (kind !== 'InsertStmt' && kind !== 'CreateTableAsStmt') return false;
    const [query, ...others] = root.children;
    if (query === undefined || others.length > 0 || !this.#isFetchable(query)) return false;
    const span = this.#spans.topLevelQuery();
    if (span === undefined) return false;
    this.#fetchQuery(span);
    return true;
  }

  #query(query: QueryUse): void {
    if (query.depth > 0 && this.#isFetchable(query)) {
      const span = this.#spans.spanOf(query, ({ start }) => this.#offset(start));
      if (span !== undefined) {
        this.#fetchQuery(span);
        this.#nameValue(span, query);
        return;
      }
    }
    for (const relation of query.relations) if (relation.kind === 'catalog') this.#fetchRelation(relation);
    for (const called of query.functions) if (called.kind === 'catalog') this.#called(called);
    for (const child of query.children) this.#query(child);
  }

  #offset(bytes: number | undefined): number | undefined {
    return bytes === undefined ? undefined : this.#input.offset(bytes);
  }

  #isFetchable(query: QueryUse): boolean {
    if (query.reach < query.depth || !isCatalogOnly(query)) return false;
    if (someQuery(query, ({ hasParameters }) => hasParameters)) return false;
    return someQuery(
      query,
      ({ relations, functions }) =>
        relations.length > 0 ||
        functions.some((called) => called.kind === 'catalog' && !this.#isConstant(called)),
    );
  }

  #isConstant({ location }: FunctionUse): boolean {
    const offset = this.#input.offset(location);
    return this.#input.constants.some(({ start, end }) => offset >= start && offset < end);
  }

  #fetchQuery({ first, end }: TokenSpan): void {
    const { tokens } = this.#input;
    const start = tokens[first]?.start ?? 0;
    this.#rows.push({
      kind: 'rows',
      start,
      end: tokens[end - 1]?.end ?? start,
      catalogSql: '',
      text: 'inside',
      catalogAlias: '',
      before: '',
      after: '',
    });
  }

  /** A query for one value that is an entry of a select list gives it its name. */
  #nameValue({ first, end }: TokenSpan, { outputName }: QueryUse): void {
    const { tokens } = this.#input;
    const open = tokens[first - 1];
    const close = tokens[end];
    if (open?.value !== '(' || close === undefined || outputName === undefined) return;
    if (!this.#isItem(open.start, close.end)) return;
    this.#names.push({ kind: 'name', start: close.end, end: close.end, name: outputName });
  }

  #fetchRelation(relation: RelationUse): void {
    const { tokens, offset } = this.#input;
    let first = this.#spans.indexAt(offset(relation.location));
    if (first === undefined) throw cannotFetch(`"${relation.name}"`, offset(relation.location));
    const end = this.#spans.endOfName(first);
    const before = tokens[first - 1]?.kind === 'word' ? tokens[first - 1]?.value : undefined;
    const isTableCommand = before === 'table';
    // A query takes the place of the name, as it may in these.
    const isBare = isTableCommand || before === 'describe' || before === 'desc' || before === 'summarize';
    if (isTableCommand || before === 'only') first--;
    const alias = relation.alias === undefined ? ` AS ${quoteIdentifier(relation.name)}` : '';
    this.#rows.push({
      kind: 'rows',
      start: tokens[first]?.start ?? 0,
      end: tokens[end - 1]?.end ?? 0,
      catalogSql: selectOf(relation, isBare),
      text: 'none',
      catalogAlias: '',
      before: isBare ? '' : '(',
      after: isBare ? '' : `)${alias}`,
    });
  }

  #called(called: FunctionUse): void {
    const isConstant = this.#isConstant(called);
    const at = this.#input.offset(called.location);
    if (!isConstant) throw cannotCall(called.name, at);
    if (!called.isSource) return;
    const constant = this.#input.constants.find(({ start }) => start === at);
    if (constant === undefined) throw cannotCall(called.name, at);
    if (constant.isSessionCall) return;
    const alias = called.alias === undefined ? ` AS ${quoteIdentifier(called.name)}` : '';
    this.#rows.push({
      kind: 'rows',
      start: constant.start,
      end: constant.end,
      catalogSql: 'SELECT * FROM ',
      text: 'inside',
      // PostgreSQL calls the column of a function that gives one value by the alias.
      catalogAlias: called.alias === undefined ? '' : ` AS ${quoteIdentifier(called.alias)}`,
      before: '(',
      after: `)${alias}`,
    });
  }

  #constant(constant: CatalogConstant): Piece[] {
    const { start, end, item, regType } = constant;
    const isItem = item !== undefined && this.#isItem(start, item.end);
    const name: Piece[] =
      isItem && item !== undefined
        ? [{ kind: 'name', start: item.end, end: item.end, name: item.columnName }]
        : [];
    const [call] = constant.sessionCalls;
    if (constant.isSessionCall && call !== undefined) {
      return [{ kind: 'session', start, end, call }, ...name];
    }
    const cast =
      isItem || regType === 'none' ? '' : regType === 'one' ? '::pg_catalog.oid' : '::pg_catalog.oid[]';
    return [{ kind: 'value', start, end, cast }, ...name];
  }

  /** Whether an expression is an entry of a select list by itself, without an alias. */
  #isItem(start: number, end: number): boolean {
    const { tokens, uses } = this.#input;
    const first = this.#spans.indexAt(start);
    const after = tokens.find((token) => token.start >= end);
    if (first === undefined || (after !== undefined && !AFTER_ITEM.has(after.value))) return false;
    if (uses !== undefined) {
      return [...uses.unnamedOutputs].some((bytes) => this.#input.offset(bytes) === start);
    }
    return isInOuterSelectList(tokens, first);
  }
}

function selectOf(relation: RelationUse, isWhole: boolean): string {
  const { schema = 'pg_catalog', name } = relation;
  const known = columnsOf(schema, name);
  const from = `FROM ${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
  if (known === undefined || relation.columns === 'all' || isWhole) return `SELECT * ${from}`;
  const read = [...known].filter((column) => relation.columns !== 'all' && relation.columns.has(column));
  const [first = '*'] = known;
  return `SELECT ${(read.length === 0 ? [first] : read).map(quoteIdentifier).join(', ')} ${from}`;
}

/** By tokens alone: good enough for what only DuckDB's parser reads. */
function isInOuterSelectList(tokens: readonly Token[], first: number): boolean {
  const before = tokens[first - 1]?.value;
  if (tokens[0]?.value !== 'select' || (before !== 'select' && before !== ',')) return false;
  let depth = 0;
  for (const token of tokens.slice(0, first)) {
    if (token.kind === 'operator' && token.value === '(') depth++;
    if (token.kind === 'operator' && token.value === ')') depth--;
    if (depth === 0 && token.kind === 'word' && token.value === 'from') return false;
  }
  return depth === 0;
}

export function cannotCall(name: string, at: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `${name} cannot be computed in a statement that also reads tables or calls functions of SQLens`,
    detail: `The catalog is kept apart from the tables: ${name} is answered there before the statement runs, so it can take constants or columns of the catalog, but no parameters and nothing that the tables hold.`,
    hint: 'Put it into a subquery or WITH that reads the catalog alone, or fetch it first: CREATE TEMP TABLE c AS SELECT … FROM pg_class.',
    position: at + 1,
  });
}

function cannotFetch(what: string, at: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `the catalog's ${what} cannot be read in this place`,
    hint: 'Fetch it first: CREATE TEMP TABLE c AS SELECT … FROM the relation, then use c.',
    position: at + 1,
  });
}
