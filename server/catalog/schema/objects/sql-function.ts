/** Functions: models', SQLens' own and users' macros. None of them can run in the mirror. */
import { literal, qualified, quoted } from '../names.ts';
import { comment, define, type Step } from './step.ts';

export interface Argument {
  readonly name: string;
  /** PostgreSQL's type; `"any"` where the function looks at what it gets. */
  readonly type: string;
  readonly hasDefault?: boolean;
}

export interface SqlFunction {
  readonly kind: 'function';
  readonly schema: string;
  readonly name: string;
  readonly arguments: readonly Argument[];
  /** PostgreSQL's type, `SETOF record`, or the columns of a table. */
  readonly returns: string | readonly Argument[];
  /** What \df+ shows: a macro's expression, a model's name. */
  readonly body: string;
  /** CREATE MACRO …, for pg_get_functiondef; a model's function has no such text. */
  readonly definition?: string;
  readonly comment?: string;
}

export function createFunction(fn: SqlFunction): Step[] {
  return [[`${create(fn, false)}${definition(fn)}`], ...(fn.comment === undefined ? [] : [commentOn(fn)])];
}

/** @returns undefined when its arguments or its result are others: PostgreSQL replaces only what is inside */
export function alterFunction(before: SqlFunction, after: SqlFunction): Step[] | undefined {
  const outside = (fn: SqlFunction) => JSON.stringify([fn.arguments, fn.returns]);
  if (outside(before) !== outside(after)) return undefined;
  const steps: Step[] = [];
  if (before.body !== after.body || before.definition !== after.definition) {
    steps.push([`${create(after, true)}${definition(after)}`]);
  }
  if (before.comment !== after.comment) steps.push(commentOn(after));
  return steps;
}

export function dropFunction(fn: SqlFunction): string {
  return `DROP FUNCTION IF EXISTS ${signature(fn)} CASCADE`;
}

function create(fn: SqlFunction, replace: boolean): string {
  const list = fn.arguments.map(
    ({ name, type, hasDefault }) => `${quoted(name)} ${type}${hasDefault ? ` DEFAULT NULL::${type}` : ''}`,
  );
  return (
    `CREATE ${replace ? 'OR REPLACE ' : ''}FUNCTION ${qualified(fn.schema, fn.name)}(${list.join(', ')}) ` +
    `RETURNS ${result(fn)} LANGUAGE sqlens STABLE AS ${literal(fn.body)}`
  );
}

function result({ returns }: SqlFunction): string {
  if (typeof returns === 'string') return returns;
  return `TABLE(${returns.map(({ name, type }) => `${quoted(name)} ${type}`).join(', ')})`;
}

function signature(fn: SqlFunction): string {
  return `${qualified(fn.schema, fn.name)}(${fn.arguments.map(({ type }) => type).join(', ')})`;
}

function definition(fn: SqlFunction): string {
  if (fn.definition === undefined) return '';
  return `; ${define('pg_proc', `${literal(signature(fn))}::regprocedure`, '0', 'function', fn.definition)}`;
}

function commentOn(fn: SqlFunction): Step {
  return [comment(`FUNCTION ${signature(fn)}`, fn.comment)];
}
