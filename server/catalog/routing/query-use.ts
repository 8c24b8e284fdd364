/** What a statement uses, as data: the relations, functions and types of each of its queries. */

/**
 * What DuckDB has. Functions need not be known: PostgreSQL finds its own first, and whatever it has not is DuckDB's, a
 * macro or a model function.
 */
export interface KnownNames {
  isUserRelation(schema: string | undefined, name: string): boolean;
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

export function newQuery(
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
export function reachTo(query: QueryUse, depth: number): void {
  for (let at: QueryUse | undefined = query; at !== undefined && at.depth > depth; at = at.parent) {
    at.reach = Math.min(at.reach, depth);
  }
}
