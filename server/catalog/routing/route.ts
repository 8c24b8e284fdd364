/**
 * Where a statement goes: to DuckDB, to the catalog's mirror, or to both. A decision on the text alone, made once for
 * each text.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { type Token, tokenize } from '../../query/text/tokens.ts';
import { type CatalogConstant, findConstants, type SessionCall } from './constants.ts';
import { mentionsCatalog } from './names.ts';
import { cannotCall, isCatalogOnly, type MixedPlan, planMixed } from './plan.ts';
import { byteOffsets, type ParseOutcome, parse } from './postgres-parser.ts';
import type { FunctionUse, KnownNames, QueryUse, RelationUse } from './query-use.ts';
import { parametersOf } from './session-values.ts';
import { relationsIn, unansweredCall } from './token-uses.ts';
import { usesOf } from './uses.ts';

/** `syntaxError`: what PostgreSQL says to a text that it cannot read; the better answer if DuckDB cannot read it either. */
export type Route =
  /** DuckDB's. */
  | { readonly kind: 'engine'; readonly syntaxError?: SqlensError }
  /** The mirror's, whole. */
  | {
      readonly kind: 'catalog';
      /** Calls whose answer is the session's and not the mirror's: see `forMirror` in session-values.ts. */
      readonly sessionCalls: readonly SessionCall[];
      /** It asks nothing but such calls: the session can answer without a mirror (`plan` says how, in DuckDB). */
      readonly sessionPlan: MixedPlan | undefined;
    }
  /** DuckDB's, with calls in it that the session answers: `materialise` needs no mirror for them. */
  | { readonly kind: 'session'; readonly plan: MixedPlan; readonly syntaxError?: SqlensError }
  /** DuckDB's, with parts in it that are fetched from the mirror first. */
  | { readonly kind: 'mixed'; readonly plan: MixedPlan; readonly syntaxError?: SqlensError }
  /** Nobody's. */
  | { readonly kind: 'refused'; readonly error: SqlensError };

const ENGINE: Route = { kind: 'engine' };

/** Remembered decisions; texts longer than this are decided again each time. */
const MAX_REMEMBERED = 500;
const MAX_REMEMBERED_LENGTH = 20_000;

const remembered = new WeakMap<KnownNames, Map<string, Route>>();

/**
 * Decides where one statement goes.
 * @param known what DuckDB has. Decisions are remembered for each such object: after DDL pass another one.
 */
export async function routeOf(sql: string, known: KnownNames): Promise<Route> {
  if (!mentionsCatalog(sql)) return ENGINE;
  let routes = remembered.get(known);
  if (routes === undefined) {
    routes = new Map();
    remembered.set(known, routes);
  }
  const before = routes.get(sql);
  if (before !== undefined) {
    routes.delete(sql);
    routes.set(sql, before);
    return before;
  }
  const route = await decide(sql, known);
  if (sql.length <= MAX_REMEMBERED_LENGTH) {
    routes.set(sql, route);
    const [oldest] = routes.keys();
    if (routes.size > MAX_REMEMBERED && oldest !== undefined) routes.delete(oldest);
  }
  return route;
}

async function decide(sql: string, known: KnownNames): Promise<Route> {
  let tokens: readonly Token[];
  try {
    tokens = tokenize(sql);
  } catch {
    return ENGINE;
  }
  // The mention may stand in a string or a comment.
  if (!tokens.some(isMention)) return ENGINE;
  const stored = storedQuestion(tokens);
  if (stored !== undefined) return { kind: 'refused', error: notInDefinition(stored) };
  const constants = findConstants(tokens);
  const outcome = await parse(sql);
  if (outcome.kind !== 'parsed') return withoutTree(sql, tokens, constants, outcome);
  const [statement, ...others] = outcome.statements;
  if (statement === undefined || others.length > 0) return ENGINE;
  try {
    return decideByTree({ sql, tokens, constants, statement, known });
  } catch (error) {
    if (error instanceof SqlensError) return { kind: 'refused', error };
    if (error instanceof RangeError) return withoutTree(sql, tokens, constants, { kind: 'too-complex' });
    throw error;
  }
}

function isMention({ kind, value }: Token): boolean {
  if (kind === 'word') return value === 'version' || mentionsCatalog(value);
  return kind === 'quoted' && (value === 'version' || mentionsCatalog(value));
}

/** Statements in which what they ask of the catalog may be replaced by its answer: a view or a default keeps the question. */
const VALUE_STATEMENTS = new Set(
  'select with values from table insert update delete merge describe desc summarize pivot unpivot explain copy'.split(
    ' ',
  ),
);

/** DuckDB's own syntax, or too much of it for a tree. */
function withoutTree(
  sql: string,
  tokens: readonly Token[],
  found: readonly CatalogConstant[],
  outcome: ParseOutcome,
): Route {
  const syntaxError = outcome.kind === 'syntax-error' ? outcome.error : undefined;
  const engine: Route = syntaxError === undefined ? ENGINE : { kind: 'engine', syntaxError };
  if (!VALUE_STATEMENTS.has(tokens[0]?.value ?? '') && !isTableAs(tokens)) return engine;
  const relations = relationsIn(tokens);
  // What stands in FROM is rows, not a value.
  const constants = found.filter(({ start, isSessionCall }) => isSessionCall || !followsFrom(tokens, start));
  const unanswered = relations.length > 0 ? unansweredCall(tokens, constants) : undefined;
  if (unanswered !== undefined) {
    return { kind: 'refused', error: cannotCall(unanswered.value, unanswered.start) };
  }
  if (relations.length === 0 && constants.length === 0) return engine;
  const plan = planMixed({ sql, tokens, constants, uses: undefined, relations, offset: (bytes) => bytes });
  return { kind: plan.needsMirror ? 'mixed' : 'session', plan, syntaxError };
}

/** What DuckDB answers in its own way, and would go on to wherever a definition keeps it: it has one user, and files. */
const ENGINES_OWN = /^(?:current_user|session_user|current_role|current_catalog|getpgusername)$/;

/** A question about the session in the middle of a view, a default or a macro. */
function storedQuestion(tokens: readonly Token[]): Token | undefined {
  if (!/^(?:create|alter)$/.test(tokens[0]?.value ?? '') || isTableAs(tokens)) return undefined;
  return tokens.find(({ kind, value }) => kind === 'word' && ENGINES_OWN.test(value));
}

function followsFrom(tokens: readonly Token[], start: number): boolean {
  const before = tokens[tokens.findIndex((token) => token.start === start) - 1]?.value;
  return before === 'from' || before === 'join';
}

/** CREATE TABLE … AS. */
function isTableAs(tokens: readonly Token[]): boolean {
  if (tokens[0]?.value !== 'create') return false;
  const [opening] = tokens.filter(({ kind, value }) => kind === 'operator' && value === '(');
  const as = tokens.find(({ kind, value }) => kind === 'word' && value === 'as');
  const isTable = tokens.slice(1, 5).some(({ kind, value }) => kind === 'word' && value === 'table');
  return isTable && as !== undefined && (opening === undefined || as.start < opening.start);
}

interface Everything {
  readonly relations: readonly RelationUse[];
  readonly functions: readonly FunctionUse[];
}

function everythingIn(query: QueryUse): Everything {
  const children = query.children.map(everythingIn);
  return {
    relations: [...query.relations, ...children.flatMap(({ relations }) => relations)],
    functions: [...query.functions, ...children.flatMap(({ functions }) => functions)],
  };
}

interface DecideInput {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly constants: readonly CatalogConstant[];
  readonly statement: unknown;
  readonly known: KnownNames;
}

/** Statements whose parts can be fetched first. */
const MIXABLE = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'CreateTableAsStmt',
  'ExplainStmt',
  'CopyStmt',
]);

function decideByTree({ sql, tokens, constants, statement, known }: DecideInput): Route {
  const uses = usesOf(statement, known);
  const { relations, functions } = everythingIn(uses.root);
  const catalogRelation = relations.find(({ kind }) => kind === 'catalog');
  const called = functions.filter(({ kind }) => kind === 'catalog');
  if (uses.catalogTarget !== undefined)
    return { kind: 'refused', error: notWritable(uses.catalogTarget.name) };
  if (catalogRelation === undefined && called.length === 0) return ENGINE;
  if (!MIXABLE.has(uses.kind)) {
    if (uses.kind !== 'ViewStmt' || catalogRelation === undefined) return ENGINE;
    return { kind: 'refused', error: notInView(catalogRelation.name) };
  }
  const offset = byteOffsets(sql);
  const inTree = constants.flatMap((constant) => {
    const within = called.filter(
      ({ location }) => offset(location) >= constant.start && offset(location) < constant.end,
    );
    return within.length === 0 ? [] : [withSources(constant, within, offset)];
  });
  const isSessionOnly =
    catalogRelation === undefined &&
    inTree.every(({ isSessionCall }) => isSessionCall) &&
    called.every(({ location }) =>
      inTree.some(({ start, end }) => offset(location) >= start && offset(location) < end),
    );
  const plan = () => planMixed({ sql, tokens, constants: inTree, uses, offset });
  // What a parameter says is known to the engine alone, before the mirror would bind it.
  const bound = inTree
    .flatMap(({ sessionCalls }) => sessionCalls)
    .find((call) => EFFECTS.has(call.name) && parametersOf(call).length > 0);
  if (uses.readsOnly && isCatalogOnly(uses.root) && !(isSessionOnly && bound !== undefined)) {
    return {
      kind: 'catalog',
      sessionCalls: inTree.flatMap(({ sessionCalls }) => sessionCalls),
      sessionPlan: isSessionOnly ? plan() : undefined,
    };
  }
  return isSessionOnly ? { kind: 'session', plan: plan() } : { kind: 'mixed', plan: plan() };
}

/** Tells the calls that stand in FROM what they are called there. */
function withSources(
  constant: CatalogConstant,
  within: readonly FunctionUse[],
  offset: (bytes: number) => number,
): CatalogConstant {
  const sessionCalls = constant.sessionCalls.map((call) => {
    const used = within.find(({ isSource, location }) => isSource && offset(location) === call.start);
    // PostgreSQL calls the column of a function in FROM by the alias, if there is one.
    const source =
      used === undefined
        ? undefined
        : { column: used.alias ?? call.name, hasAlias: used.alias !== undefined };
    return { ...call, source };
  });
  return { ...constant, sessionCalls };
}

/** Functions that change the session: its own way of taking parameters is PostgreSQL's, and needs no mirror. */
const EFFECTS = new Set(['set_config', 'pg_notify', 'pg_cancel_backend', 'pg_terminate_backend']);

function notWritable(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: `permission denied: "${name}" is a system catalog`,
    hint: 'The catalog follows what CREATE, ALTER, DROP and COMMENT do; it cannot be written to.',
  });
}

function notInDefinition({ value: name, start }: Token): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `${name} cannot be part of a view, a default or a macro`,
    detail: 'It is answered before a statement runs; a definition is read later, in the sessions of others.',
    hint: `Give ${name} with the statement instead: INSERT INTO t (who) VALUES (${name}).`,
    position: start + 1,
  });
}

function notInView(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `a view cannot read the catalog's "${name}"`,
    detail:
      'The catalog is kept apart from the tables, and is read before a statement runs; a view runs within others.',
    hint: 'Keep the rows instead: CREATE TABLE … AS SELECT … FROM the catalog, or ask the catalog directly.',
  });
}
