/**
 * What a statement uses, query by query: relations, functions, types and parameters, with the names of WITH and the
 * aliases of FROM resolved as PostgreSQL does, so that it is known which of its queries touch the catalog alone.
 */
import {
  catalogSchemaOf,
  columnsOf,
  isCatalogFunction,
  isPostgresFunction,
  isPostgresType,
} from './names.ts';
import {
  type FunctionUse,
  type KnownNames,
  newQuery,
  type QueryUse,
  type RelationUse,
  reachTo,
  type StatementUse,
} from './query-use.ts';
import { aliasColumns, aliasOf, firstOutput, functionNames, outputNames, startOf } from './select-names.ts';
import { type Fields, fieldsOf, isFields, listOf, locationOf, namesOf, nodeOf, textOf } from './tree.ts';

export type { KnownNames } from './query-use.ts';

interface Source {
  readonly alias: string;
  /** undefined: not known. */
  readonly columns: ReadonlySet<string> | undefined;
  readonly relation: RelationUse | undefined;
}

interface Scope {
  readonly query: QueryUse;
  readonly parent: Scope | undefined;
  readonly sources: Source[];
  readonly ctes: Map<string, { readonly columns: ReadonlySet<string> | undefined }>;
  /** Names of its output columns, which ORDER BY and GROUP BY may use. */
  readonly outputs: ReadonlySet<string>;
}

/** The name of the one database, which may qualify a relation's schema. */
const DATABASE = 'sqlens';

/**
 * @param statement one of libpg-query's trees
 * @throws RangeError for a tree that nests too deep
 */
export function usesOf(statement: unknown, known: KnownNames): StatementUse {
  return new Walk(known).statement(statement);
}

class Walk {
  readonly #known: KnownNames;
  readonly #unnamedOutputs = new Set<number>();
  #catalogTarget: RelationUse | undefined;
  #writes = false;

  constructor(known: KnownNames) {
    this.#known = known;
  }

  statement(statement: unknown): StatementUse {
    const root = newQuery(undefined, undefined, false);
    const scope: Scope = { query: root, parent: undefined, sources: [], ctes: new Map(), outputs: new Set() };
    const select = nodeOf(statement, 'SelectStmt');
    if (select !== undefined) this.#select(select, undefined, root);
    else if (isFields(statement)) {
      for (const body of Object.values(statement)) this.#dataStatement(fieldsOf(body) ?? {}, scope);
    }
    return {
      kind: kindOf(statement),
      root,
      readsOnly: !this.#writes && readsOnly(statement),
      unnamedOutputs: this.#unnamedOutputs,
      catalogTarget: this.#catalogTarget,
    };
  }

  /** INSERT, UPDATE, DELETE, MERGE, CREATE TABLE AS, EXPLAIN, COPY: whatever has queries in it. */
  #dataStatement(fields: Fields, scope: Scope): void {
    this.#with(fields.withClause, scope);
    const target = fieldsOf(fields.relation);
    if (target !== undefined) {
      const relation = this.#relation(target, scope);
      if (relation?.kind === 'catalog') this.#catalogTarget = relation;
    }
    for (const source of [...listOf(fields.fromClause), ...listOf(fields.usingClause)]) {
      this.#sources(source, scope);
    }
    if (isFields(fields.sourceRelation)) this.#sources(fields.sourceRelation, scope);
    const { relation: _, withClause: __, into: ___, ...rest } = fields;
    this.#visit(rest, scope);
  }

  #select(fields: Fields, outer: Scope | undefined, given?: QueryUse, isArm = false): void {
    const query = given ?? newQuery(outer?.query, startOf(fields), isArm, firstOutput(fields));
    const scope: Scope = {
      query,
      parent: outer,
      sources: [],
      ctes: new Map(),
      outputs: outputNames(fields) ?? new Set(),
    };
    this.#with(fields.withClause, scope);
    for (const source of listOf(fields.fromClause)) this.#sources(source, scope);
    for (const arm of [fields.larg, fields.rarg]) {
      const select = fieldsOf(arm);
      if (select !== undefined) this.#select(select, scope, undefined, true);
    }
    for (const target of listOf(fields.targetList)) {
      const output = nodeOf(target, 'ResTarget');
      if (output !== undefined && output.name === undefined) this.#unnamedOutputs.add(locationOf(output));
    }
    const { withClause: _, larg: __, rarg: ___, ...rest } = fields;
    this.#visit(rest, scope);
  }

  #with(clause: unknown, scope: Scope): void {
    const fields = fieldsOf(clause);
    if (fields === undefined) return;
    const tables: Fields[] = [];
    for (const item of listOf(fields.ctes)) {
      const table = nodeOf(item, 'CommonTableExpr');
      if (table !== undefined) tables.push(table);
    }
    const declare = (table: Fields) => {
      const aliases = namesOf(table.aliascolnames);
      const columns =
        aliases.length > 0 ? new Set(aliases) : outputNames(nodeOf(table.ctequery, 'SelectStmt') ?? {});
      scope.ctes.set(textOf(table.ctename) ?? '', { columns });
    };
    // Only a recursive WITH sees its own names before they are complete.
    if (fields.recursive === true) for (const table of tables) declare(table);
    for (const table of tables) {
      this.#visit(table.ctequery, scope);
      declare(table);
    }
  }

  /** Registers what one item of FROM brings into scope; `#visit` walks through it later. */
  #sources(item: unknown, scope: Scope): void {
    const range = nodeOf(item, 'RangeVar');
    if (range !== undefined) {
      this.#rangeSource(range, scope);
      return;
    }
    const join = nodeOf(item, 'JoinExpr');
    if (join !== undefined) {
      this.#sources(join.larg, scope);
      this.#sources(join.rarg, scope);
      const alias = aliasOf(join);
      if (alias !== undefined) scope.sources.push({ alias, columns: undefined, relation: undefined });
      return;
    }
    const subselect = nodeOf(item, 'RangeSubselect');
    if (subselect !== undefined) {
      const names = aliasColumns(subselect);
      const columns = names ?? outputNames(nodeOf(subselect.subquery, 'SelectStmt') ?? {});
      scope.sources.push({ alias: aliasOf(subselect) ?? '', columns, relation: undefined });
      return;
    }
    const called = nodeOf(item, 'RangeFunction') ?? nodeOf(item, 'RangeTableFunc');
    if (called !== undefined) {
      const alias = aliasOf(called) ?? functionNames(called)[0] ?? '';
      scope.sources.push({ alias, columns: aliasColumns(called), relation: undefined });
      return;
    }
    const sample = nodeOf(item, 'RangeTableSample');
    if (sample !== undefined) this.#sources(sample.relation, scope);
  }

  #rangeSource(range: Fields, scope: Scope): void {
    const name = textOf(range.relname) ?? '';
    const alias = aliasOf(range) ?? name;
    if (range.schemaname === undefined) {
      for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
        const table = at.ctes.get(name);
        if (table === undefined) continue;
        reachTo(scope.query, at.query.depth);
        scope.sources.push({ alias, columns: aliasColumns(range) ?? table.columns, relation: undefined });
        return;
      }
    }
    const relation = this.#relation(range, scope);
    const columns = relation.kind === 'catalog' ? columnsOf(relation.schema ?? '', name) : undefined;
    scope.sources.push({ alias, columns: aliasColumns(range) ?? columns, relation });
  }

  #relation(range: Fields, scope: Scope): RelationUse {
    const name = textOf(range.relname) ?? '';
    const schema = textOf(range.schemaname);
    const database = textOf(range.catalogname);
    const isHere = database === undefined || database === DATABASE;
    const catalogSchema = isHere ? this.#catalogSchema(schema, name) : undefined;
    const relation: RelationUse = {
      kind: catalogSchema === undefined ? 'engine' : 'catalog',
      schema: catalogSchema ?? schema,
      name,
      alias: aliasOf(range),
      location: locationOf(range),
      columns: aliasColumns(range) === undefined ? new Set() : 'all',
    };
    scope.query.relations.push(relation);
    return relation;
  }

  #catalogSchema(schema: string | undefined, name: string): string | undefined {
    // A pg_… relation that nobody has: PostgreSQL's message is the one that clients look for.
    const isNobodys = schema === undefined && /^pg_/.test(name) && !this.#known.isUserRelation(schema, name);
    return catalogSchemaOf(schema, name) ?? (isNobodys ? 'pg_catalog' : undefined);
  }

  #visit(value: unknown, scope: Scope): void {
    if (Array.isArray(value)) {
      for (const item of value) this.#visit(item, scope);
      return;
    }
    if (!isFields(value)) return;
    for (const [kind, body] of Object.entries(value)) {
      const fields = fieldsOf(body);
      if (fields === undefined) this.#visit(body, scope);
      else this.#node(kind, fields, scope);
    }
  }

  #node(kind: string, fields: Fields, scope: Scope): void {
    switch (kind) {
      case 'SelectStmt':
        this.#select(fields, scope);
        return;
      case 'InsertStmt':
      case 'UpdateStmt':
      case 'DeleteStmt':
      case 'MergeStmt': {
        this.#writes = true;
        const query = newQuery(scope.query, undefined, false);
        this.#dataStatement(fields, {
          query,
          parent: scope,
          sources: [],
          ctes: new Map(),
          outputs: new Set(),
        });
        return;
      }
      case 'RangeSubselect':
        this.#subselect(fields, scope);
        return;
      case 'RangeVar':
        return;
      case 'RangeFunction':
        this.#rangeFunction(fields, scope);
        return;
      case 'JoinExpr':
        this.#join(fields, scope);
        return;
      case 'FuncCall':
        this.#function(fields, scope, false, undefined);
        return;
      case 'SQLValueFunction':
        this.#valueFunction(fields, scope);
        return;
      case 'TypeName':
      case 'typeName':
        this.#type(fields, scope);
        return;
      case 'ColumnRef':
        this.#column(fields, scope);
        return;
      case 'ParamRef':
        scope.query.hasParameters = true;
        return;
      default:
        this.#visit(fields, scope);
    }
  }

  #subselect(fields: Fields, scope: Scope): void {
    const select = nodeOf(fields.subquery, 'SelectStmt');
    if (select === undefined) return;
    // Without LATERAL its neighbours in FROM are not to be seen; the names of WITH are.
    const outer: Scope = fields.lateral === true ? scope : { ...scope, sources: [], outputs: new Set() };
    this.#select(select, outer);
  }

  #rangeFunction(fields: Fields, scope: Scope): void {
    const alias = aliasOf(fields);
    for (const item of listOf(fields.functions)) {
      for (const called of listOf(nodeOf(item, 'List')?.items)) {
        const call = nodeOf(called, 'FuncCall');
        if (call !== undefined) this.#function(call, scope, true, alias);
        else this.#visit(called, scope);
      }
    }
    this.#visit(fields.coldeflist, scope);
  }

  #join(fields: Fields, scope: Scope): void {
    for (const name of namesOf(fields.usingClause)) {
      for (const source of scope.sources) if (source.columns?.has(name)) read(source, name);
    }
    if (fields.isNatural === true) for (const source of scope.sources) read(source, 'all');
    this.#visit([fields.larg, fields.rarg, fields.quals], scope);
  }

  #function(fields: Fields, scope: Scope, isSource: boolean, alias: string | undefined): void {
    const names = namesOf(fields.funcname);
    const name = names.at(-1) ?? '';
    const schema = names.at(-2);
    const location = locationOf(fields);
    const { funcname: _, ...rest } = fields;
    const kind = this.#functionKind(schema, name);
    // DuckDB's COLUMNS('…') chooses among all of them.
    if (kind === 'engine' && name === 'columns') for (const source of scope.sources) read(source, 'all');
    const takesParameters = holdsParameter(rest);
    scope.query.functions.push({ kind, name, location, isSource, alias, takesParameters });
    this.#visit(rest, scope);
  }

  #functionKind(schema: string | undefined, name: string): FunctionUse['kind'] {
    if (schema === 'information_schema') return 'catalog';
    if (schema !== undefined && schema !== 'pg_catalog') return 'engine';
    if (isCatalogFunction(name)) return 'catalog';
    return isPostgresFunction(name) || schema === 'pg_catalog' ? 'postgres' : 'engine';
  }

  #valueFunction(fields: Fields, scope: Scope): void {
    const operator = textOf(fields.op) ?? '';
    const isTime = /TIME|DATE/.test(operator);
    // USER is a reserved word of PostgreSQL's and a column's name of many tables in DuckDB.
    const kind = isTime || operator === 'SVFOP_USER' ? 'postgres' : 'catalog';
    const name = operator.replace('SVFOP_', '').toLowerCase();
    scope.query.functions.push({
      kind,
      name,
      location: locationOf(fields),
      isSource: false,
      alias: undefined,
      takesParameters: false,
    });
  }

  #type(fields: Fields, scope: Scope): void {
    const names = namesOf(fields.names);
    const name = names.at(-1) ?? '';
    const isArray = listOf(fields.arrayBounds).length > 0;
    const isPostgres = isPostgresType(name) || (!isArray && isPostgresType(name.replace(/^_/, '')));
    const isQualified = names.length > 1 && names[0] !== 'pg_catalog';
    // A domain of information_schema, or the row type of a relation of the catalog.
    const isCatalogs = names[0] === 'information_schema' || catalogSchemaOf(undefined, name) !== undefined;
    if (!isCatalogs && (!isPostgres || isQualified)) scope.query.hasEngineTypes = true;
    if (/^reg[a-z]+$/.test(name) && isPostgres) {
      scope.query.functions.push({
        kind: 'catalog',
        name,
        location: locationOf(fields),
        isSource: false,
        alias: undefined,
        takesParameters: false,
      });
    }
    this.#visit(fields.typmods, scope);
  }

  #column(fields: Fields, scope: Scope): void {
    const parts = listOf(fields.fields).map((item) => textOf(nodeOf(item, 'String')?.sval));
    const [first] = parts;
    if (first === undefined) {
      for (const source of scope.sources) read(source, 'all');
      return;
    }
    if (parts.length === 1) this.#plainColumn(first, scope);
    else this.#qualifiedColumn(parts, scope);
  }

  #plainColumn(name: string, scope: Scope): void {
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      const owners = at.sources.filter(({ columns }) => columns?.has(name));
      for (const owner of owners) read(owner, name);
      const whole = at.sources.find(({ alias }) => alias === name);
      if (whole !== undefined && owners.length === 0) read(whole, 'all');
      const isHere =
        owners.length > 0 ||
        whole !== undefined ||
        at.outputs.has(name) ||
        at.sources.some(({ columns }) => columns === undefined);
      if (isHere) {
        reachTo(scope.query, at.query.depth);
        return;
      }
    }
  }

  #qualifiedColumn(parts: readonly (string | undefined)[], scope: Scope): void {
    const candidates = [parts[0], parts.at(-2)];
    for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
      for (const [index, candidate] of candidates.entries()) {
        const owner = at.sources.find(({ alias }) => alias === candidate);
        if (owner === undefined) continue;
        read(owner, (index === 0 ? parts[1] : parts.at(-1)) ?? 'all');
        reachTo(scope.query, at.query.depth);
        return;
      }
    }
    // A column of a composite value: c.relacl.x, or DuckDB's struct.field.
    const [first] = parts;
    if (first !== undefined) this.#plainColumn(first, scope);
  }
}

function readsOnly(statement: unknown): boolean {
  const query = nodeOf(nodeOf(statement, 'ExplainStmt')?.query ?? statement, 'SelectStmt');
  return query !== undefined && query.intoClause === undefined;
}

function kindOf(statement: unknown): string {
  return isFields(statement) ? (Object.keys(statement)[0] ?? '') : '';
}

function holdsParameter(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(holdsParameter);
  if (!isFields(value)) return false;
  return 'ParamRef' in value || Object.values(value).some(holdsParameter);
}

function read({ relation }: Source, column: string): void {
  if (relation === undefined || relation.columns === 'all') return;
  if (column === 'all') relation.columns = 'all';
  else relation.columns.add(column);
}
