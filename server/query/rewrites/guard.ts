/**
 * guard: conjuncts without a model call run first. `a AND m(x) = 'c'` becomes
 * `a AND CASE WHEN a THEN m(x) = 'c' ELSE FALSE END`: without it DuckDB may push the model call into the scan and ask
 * for every row. Both give the same rows: in WHERE, NULL and FALSE are the same.
 */
import { calledFunctions, contains, isObject, type Json, type JsonObject, visit } from './ast.ts';

/** Called twice, these would give two values. */
const VOLATILE = new Set(['random', 'uuid', 'uuidv4', 'uuidv7', 'gen_random_uuid', 'nextval', 'setseed']);

/**
 * Guards every WHERE of the tree, in place.
 * @param models names of the functions that ask, lower case
 * @returns whether anything changed
 */
export function guard(tree: JsonObject, models: ReadonlySet<string>): boolean {
  let changed = false;
  const asks = (expression: Json) => [...calledFunctions(expression)].some((name) => models.has(name));
  visit(tree, (node) => {
    const where = node.where_clause;
    if (node.type !== 'SELECT_NODE' || !isObject(where) || where.type !== 'CONJUNCTION_AND') return;
    const conjuncts = flatten(where);
    const asking = conjuncts.filter(asks);
    const cheap = conjuncts.filter((conjunct) => !asks(conjunct));
    const conditions = cheap.filter(isRepeatable);
    if (asking.length === 0 || conditions.length === 0) return;
    const condition = conjunction(where, conditions);
    where.children = [...cheap, ...asking.map((conjunct) => caseWhen(condition, conjunct))];
    changed = true;
  });
  return changed;
}

function flatten(conjunction: JsonObject): Json[] {
  const children = Array.isArray(conjunction.children) ? conjunction.children : [];
  return children.flatMap((child) =>
    isObject(child) && child.type === 'CONJUNCTION_AND' ? flatten(child) : [child],
  );
}

/** Evaluating it twice gives the same and costs little. */
function isRepeatable(expression: Json): boolean {
  if ([...calledFunctions(expression)].some((name) => VOLATILE.has(name))) return false;
  return !contains(expression, (node) => node.class === 'SUBQUERY');
}

function conjunction(like: JsonObject, children: Json[]): Json {
  const [only] = children;
  if (children.length === 1 && only !== undefined) return only;
  return { ...like, children };
}

function caseWhen(condition: Json, then: Json): JsonObject {
  return {
    class: 'CASE',
    type: 'CASE_EXPR',
    alias: '',
    case_checks: [{ when_expr: condition, then_expr: then }],
    else_expr: {
      class: 'CONSTANT',
      type: 'VALUE_CONSTANT',
      alias: '',
      value: { type: { id: 'BOOLEAN', type_info: null }, is_null: false, value: false },
    },
  };
}
