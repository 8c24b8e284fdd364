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
import { type Fields, fieldsOf, isFields, listOf, locationOf, namesOf, nodeOf, textOf } from './tree.ts';

/** What DuckDB and the registry have. */
export interface KnownNames {
  isUserRelation(schema: string | undefined, name: string): boolean;
  /** A model function, a macro: anything callable that PostgreSQL has not. */
  isUserFunction(name: string): boolean;
}

export interface RelationUse {
  readonly kind: 'catalog' | 'engine';
  readonly schema: string | undefined;
  readonly name: string;
  readonly alias: string | undefined;
  /** Offset of its name, in bytes. */
  readonly location: number;
  /** The columns that the statement reads of it. */
  columns: Set<string> | 'all';
}

export interface FunctionUse {
  /** `catalog`: asks the catalog or the session; `postgres`: any other of PostgreSQL's; `engine`: DuckDB's or the user's. */
  readonly kind: 'catalog' | 'postgres' | 'engine';
  readonly name: string;
  readonly location: number;
  /** It stands in FROM: its rows are read. */
  readonly isSource: boolean;
  /** Of the item of FROM that it is. */
  readonly alias: string | undefined;
  /** $1 … among its arguments. */
  readonly takesParameters: boolean;
}

/** A SELECT, VALUES or TABLE anywhere in the statement; the statement itself is one too. */
export interface QueryUse {
  readonly depth: number;
  readonly parent: QueryUse | undefined;
  readonly children: QueryUse[];
  readonly relations: RelationUse[];
  readonly functions: FunctionUse[];
  /** Where its first output column or value begins, in bytes; undefined for set operations. */
  readonly start: number | undefined;
  /** What its first output column is called. */
  readonly outputName: string | undefined;
  /** One side of UNION, INTERSECT or EXCEPT. */
  readonly isArm: boolean;
  /** The smallest depth whose names it or what is in it refers to: its own, unless it is correlated. */
  reach: number;
  /** $1 and types that PostgreSQL has not: such a query cannot be fetched by itself. */
  hasParameters: boolean;
  hasEngineTypes: boolean;
}

export interface StatementUse {
  /** libpg-query's name of the statement: SelectStmt, InsertStmt … */
  readonly kind: string;
  readonly root: QueryUse;
  /** A query, or EXPLAIN of one, that changes nothing. */
  readonly readsOnly: boolean;
  /** Offsets in bytes of output columns without an alias. */
  readonly unnamedOutputs: ReadonlySet<number>;
  /** A relation of the catalog that the statement would change. */
  readonly catalogTarget: RelationUse | undefined;
}

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
    const takesParameters = holdsParameter(rest);
    scope.query.functions.push({ kind, name, location, isSource, alias, takesParameters });
    this.#visit(rest, scope);
  }

  #functionKind(schema: string | undefined, name: string): FunctionUse['kind'] {
    if (schema === 'information_schema') return 'catalog';
    if (schema !== undefined && schema !== 'pg_catalog') return 'engine';
    if (isCatalogFunction(name)) return 'catalog';
    if (schema === undefined && this.#known.isUserFunction(name)) return 'engine';
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

function newQuery(
  parent: QueryUse | undefined,
  start: number | undefined,
  isArm: boolean,
  outputName?: string,
): QueryUse {
  const depth = parent === undefined ? 0 : parent.depth + 1;
  const query: QueryUse = {
    depth,
    parent,
    children: [],
    relations: [],
    functions: [],
    start,
    outputName,
    isArm,
    reach: depth,
    hasParameters: false,
    hasEngineTypes: false,
  };
  parent?.children.push(query);
  return query;
}

/** A query refers to names of an outer one: so do all between them. */
function reachTo(query: QueryUse, depth: number): void {
  for (let at: QueryUse | undefined = query; at !== undefined && at.depth > depth; at = at.parent) {
    at.reach = Math.min(at.reach, depth);
  }
}

function read({ relation }: Source, column: string): void {
  if (relation === undefined || relation.columns === 'all') return;
  if (column === 'all') relation.columns = 'all';
  else relation.columns.add(column);
}

function startOf(select: Fields): number | undefined {
  const target = nodeOf(listOf(select.targetList)[0], 'ResTarget');
  // -1: the implied star of TABLE x, which begins where its relation does.
  if (target !== undefined && locationOf(target) >= 0) return locationOf(target);
  const table = nodeOf(listOf(select.fromClause)[0], 'RangeVar');
  return target === undefined || table === undefined ? undefined : locationOf(table);
}

function aliasOf(fields: Fields): string | undefined {
  return textOf(fieldsOf(fields.alias)?.aliasname);
}

function aliasColumns(fields: Fields): ReadonlySet<string> | undefined {
  const names = namesOf(fieldsOf(fields.alias)?.colnames);
  return names.length === 0 ? undefined : new Set(names);
}

function functionNames(fields: Fields): readonly string[] {
  return listOf(fields.functions).flatMap((item) => {
    const call = nodeOf(listOf(nodeOf(item, 'List')?.items)[0], 'FuncCall');
    return namesOf(call?.funcname).at(-1) ?? [];
  });
}

function firstOutput(select: Fields): string | undefined {
  const [name] = outputNames(select) ?? [];
  return name === '' ? '?column?' : name;
}

/** @returns undefined when a star hides them */
function outputNames(select: Fields): ReadonlySet<string> | undefined {
  const arm = fieldsOf(select.larg);
  if (arm !== undefined) return outputNames(arm);
  const names = new Set<string>();
  for (const target of listOf(select.targetList)) {
    const output = nodeOf(target, 'ResTarget');
    const column = listOf(nodeOf(output?.val, 'ColumnRef')?.fields);
    if (isFields(column.at(-1)) && nodeOf(column.at(-1), 'String') === undefined) return undefined;
    const name = textOf(output?.name) ?? namesOf(column).at(-1) ?? derivedName(output?.val);
    names.add(name);
  }
  const [row] = listOf(select.valuesLists);
  for (const [index] of listOf(nodeOf(row, 'List')?.items).entries()) names.add(`column${index + 1}`);
  return names;
}

/** As far as a column of a subquery is referred to by it. */
function derivedName(value: unknown): string {
  const call = nodeOf(value, 'FuncCall');
  if (call !== undefined) return namesOf(call.funcname).at(-1) ?? '';
  const cast = nodeOf(value, 'TypeCast');
  if (cast !== undefined) {
    const inner = derivedName(cast.arg);
    const column = namesOf(nodeOf(cast.arg, 'ColumnRef')?.fields).at(-1);
    return column ?? (inner === '' ? (namesOf(fieldsOf(cast.typeName)?.names).at(-1) ?? '') : inner);
  }
  const operator = textOf(nodeOf(value, 'SQLValueFunction')?.op);
  if (operator !== undefined) return operator.replace('SVFOP_', '').toLowerCase();
  if (nodeOf(value, 'CaseExpr') !== undefined) return 'case';
  return nodeOf(value, 'SubLink')?.subLinkType === 'EXISTS_SUBLINK' ? 'exists' : '';
}
