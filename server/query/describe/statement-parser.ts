/** Parse: where a statement goes, what it may not do, and what DuckDB says of it. Nothing of it runs. */
import { type DuckDBType, VARCHAR } from '@duckdb/node-api';
import { SqlensError, unreachable } from '../../../common/errors.ts';
import type { CatalogSession } from '../../catalog/api.ts';
import type { Catalog } from '../../catalog/catalog.ts';
import { type MixedPlan, wholeQuery } from '../../catalog/routing/plan.ts';
import type { Route } from '../../catalog/routing/route.ts';
import { searchPathNames } from '../../catalog/search-path.ts';
import type { CatalogColumn, EngineStatement, ParameterValue, ResultColumn, Role } from '../api.ts';
import { prepareDeclared } from '../control/cursors/declare.ts';
import { fetchedColumns } from '../control/cursors/fetch.ts';
import { executedStatement } from '../control/prepare.ts';
import { sessionCallColumns, sessionCallValues } from '../control/session-calls.ts';
import { showColumns } from '../control/show.ts';
import { prepareCopy } from '../copy/copy-files.ts';
import { prepareClientCopy } from '../copy/prepare.ts';
import { sqlensColumns } from '../ddl/index.ts';
import { definitionError } from '../run/run-definition.ts';
import { EXPLAIN_COLUMNS } from '../run/run-explain.ts';
import { checkStatement } from '../sandbox.ts';
import { checkPrivileges } from '../session/privileges.ts';
import type { SessionContext } from '../session/session-context.ts';
import { endsFailure, isOfSession } from '../text/statement-traits.ts';
import { classify } from '../text/statements.ts';
import { tokenize, withPlainSpaces } from '../text/tokens.ts';
import { type RelationOrigin, withOrigins } from './column-origins.ts';
import { describe, ours, type Parsed, undescribed } from './parsed.ts';

export interface StatementParserOptions {
  readonly catalog: Catalog;
  readonly catalogSession: CatalogSession;
  readonly role: Role;
  /** What the session's paths may use, as it is now. */
  readonly context: () => SessionContext;
}

export class StatementParser {
  readonly #options: StatementParserOptions;

  constructor(options: StatementParserOptions) {
    this.#options = options;
  }

  /** What the statement needs of the catalog is fetched first, and stands in what the engine gets. */
  async parse(sql: string, declared: readonly (DuckDBType | undefined)[]): Promise<Parsed> {
    if (isOfSession(sql)) return this.parseEngine(sql, declared);
    const route = await this.#options.catalog.route(sql, this.#options.catalogSession);
    if (route.kind === 'refused') throw route.error;
    const plan = planOf(sql, route);
    try {
      return await (plan === undefined
        ? this.parseEngine(sql, declared)
        : this.#parseMixed(plan, 'describe', declared));
    } catch (error) {
      const isUnread = error instanceof SqlensError && /^syntax error at/.test(error.message);
      throw isUnread && 'syntaxError' in route ? (route.syntaxError ?? error) : error;
    }
  }

  async #parseMixed(
    plan: MixedPlan,
    mode: 'describe' | 'execute',
    declared: readonly (DuckDBType | undefined)[],
    parameters?: readonly ParameterValue[],
  ): Promise<Parsed> {
    const context = this.#options.context();
    context.transaction.assertUsable();
    const { signal } = context;
    const texts = parameters?.map(({ value }) => (value === null ? null : String(value)));
    const text = await this.#options.catalog.rewrite(plan, mode, this.#options.catalogSession, signal, texts);
    try {
      const parsed = await this.parseEngine(text, declared);
      const typed = { ...parsed.typed, original: () => 0 };
      return { ...parsed, text: plan.sql, typed, mixed: plan };
    } catch (error) {
      throw withoutPosition(error);
    }
  }

  /** A relation in the catalog's numbers, looked up as the engine looks names up; nobody waits for the catalog. */
  #originOf(schema: string | undefined, name: string): RelationOrigin | undefined {
    if (schema !== undefined) return this.#options.catalog.originOf(schema, name);
    const { settings } = this.#options.context();
    for (const candidate of [...searchPathNames(settings.get('search_path')), 'sqlens']) {
      const origin = this.#options.catalog.originOf(candidate, name);
      if (origin !== undefined) return origin;
    }
    return undefined;
  }

  /** A statement that needs nothing of the catalog. */
  async parseEngine(sql: string, declared: readonly (DuckDBType | undefined)[]): Promise<Parsed> {
    const context = this.#options.context();
    const tokens = tokenize(sql);
    const text = withPlainSpaces(sql, tokens);
    if (tokens.length === 0) return ours(text, tokens, { kind: 'no-op', tag: '' }, undefined);
    const statement = classify(tokens);
    if (!endsFailure(statement)) context.transaction.assertUsable();
    checkStatement(tokens, statement, context.engine.rules);
    checkPrivileges(this.#options.role, tokens, statement);
    switch (statement.kind) {
      case 'query':
      case 'insert':
      case 'update':
      case 'delete': {
        const described = await describe(
          context.engine,
          context.connection,
          text,
          tokens,
          statement,
          declared,
          context.plans,
        );
        const { columns } = described;
        return {
          ...described,
          columns: columns && withOrigins(tokens, columns, (...names) => this.#originOf(...names)),
        };
      }
      case 'merge':
      case 'create-table-as':
      case 'show-engine':
        return describe(context.engine, context.connection, text, tokens, statement, declared);
      case 'copy': {
        const copy = await prepareClientCopy(context, text, tokens);
        if (copy !== undefined) return { ...ours(text, tokens, statement, undefined), copy };
        // Refused before DuckDB looks at the file, in our words.
        prepareCopy(
          text,
          tokens,
          context.engine.rules,
          context.engine.options.allowedPaths,
          context.engine.copyDrafts,
        );
        return describe(context.engine, context.connection, text, tokens, statement, declared);
      }
      case 'explain': {
        const described = await describe(
          context.engine,
          context.connection,
          text,
          tokens,
          statement,
          declared,
        );
        return { ...described, columns: EXPLAIN_COLUMNS };
      }
      case 'ddl':
        // Some definitions expand to several statements, which cannot be prepared; they say what is wrong when run.
        return describe(context.engine, context.connection, text, tokens, statement, declared).catch(
          (error: unknown) => {
            if (error instanceof SqlensError && /multiple statements/.test(error.message)) {
              return undescribed(text, tokens, statement);
            }
            throw definitionError(context.engine, tokens, statement.tag, error);
          },
        );
      case 'execute': {
        const named = executedStatement(context, tokens)?.prepared;
        return { ...ours(text, tokens, statement, undefined), ...columnsOf(named?.columns) };
      }
      case 'declare': {
        const types = declared.map((type) => ({ oid: 0, type }));
        const query = await prepareDeclared(context, text, tokens, types);
        const parameterTypes =
          query.kind === 'engine' ? query.parameterTypes : query.parameterOids.map(() => VARCHAR);
        return { ...ours(text, tokens, statement, undefined), parameterTypes };
      }
      case 'fetch':
        return {
          ...ours(text, tokens, statement, undefined),
          ...columnsOf(await fetchedColumns(context, tokens)),
        };
      case 'session-call': {
        const columns = sessionCallColumns(text, tokens);
        const values = sessionCallValues(text, tokens);
        const parameterTypes =
          values === undefined ? [] : (await this.parse(values, declared)).parameterTypes;
        return { ...ours(text, tokens, statement, columns), parameterTypes };
      }
      default:
        return ours(text, tokens, statement, columnsOfOurs(statement, tokens));
    }
  }

  /** A parameter that nothing determined may turn out to be bytes: then the statement is described for those. */
  async fit(parsed: Parsed, parameters: readonly ParameterValue[]): Promise<Parsed> {
    if (parsed.mixed !== undefined) {
      return this.#parseMixed(parsed.mixed, 'execute', parsed.parameterTypes, parameters);
    }
    const isOther = (at: number) => parameters[at]?.type !== undefined && parameters[at].type !== VARCHAR;
    if (![...parsed.undetermined].some(isOther)) return parsed;
    return this.parse(
      parsed.text,
      parsed.parameterTypes.map((type, at) => (parsed.undetermined.has(at) ? parameters[at]?.type : type)),
    );
  }
}

/** How a statement gets from the catalog what it needs, when the engine is to run it. */
function planOf(sql: string, route: Route): MixedPlan | undefined {
  switch (route.kind) {
    case 'engine':
    case 'refused':
      return undefined;
    case 'session':
    case 'mixed':
      return route.plan;
    case 'catalog':
      // Within PREPARE or a cursor: its rows are fetched as a whole.
      return route.sessionPlan ?? wholeQuery(sql, route.sessionCalls);
    default:
      return unreachable(route);
  }
}

/** Columns of the engine's rows, or of the catalog's. */
function columnsOf(
  columns: readonly (ResultColumn | CatalogColumn)[] | undefined,
): Pick<EngineStatement, 'columns' | 'catalogColumns'> {
  const own = columns?.filter((column) => 'type' in column);
  const foreign = columns?.filter((column): column is CatalogColumn => !('type' in column));
  return foreign === undefined || foreign.length === 0
    ? { columns: own }
    : { columns: undefined, catalogColumns: foreign };
}

function columnsOfOurs(
  statement: Parsed['statement'],
  tokens: Parsed['tokens'],
): ReturnType<typeof ours>['columns'] {
  if (statement.kind === 'show') return showColumns(tokens);
  if (statement.kind === 'sqlens') return sqlensColumns(statement.verb);
  return undefined;
}

function withoutPosition(error: unknown): unknown {
  if (!(error instanceof SqlensError) || error.position === undefined) return error;
  const { sqlState, message, hint, detail } = error;
  return new SqlensError({ sqlState, message, hint, detail, cause: error });
}
