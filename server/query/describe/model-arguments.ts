/** `warmth($1)`: a parameter that is a whole argument of a model takes the type of the model's input. */
import { BIGINT, DOUBLE, type DuckDBType, FLOAT, LIST } from '@duckdb/node-api';
import type { TensorSpec } from '../../../models/artifact.ts';
import { InferenceFunction } from '../../../udf-registry/inference-function.ts';
import type { Parameter } from '../../../udf-registry/parameters.ts';
import type { AskingFunction } from '../../../udf-registry/pass.ts';
import { isOperator } from '../dialect/operands.ts';
import { behindBracket, splitAtCommas } from '../text/clauses.ts';
import type { Token } from '../text/tokens.ts';

/**
 * Types by parameter number (1-based). Images and texts are not among them: what nothing determines is text, which is
 * what they take.
 * @param bound the functions that DuckDB found in the statement: by name alone an older version could be meant
 */
export function modelArguments(
  tokens: readonly Token[],
  bound: readonly AskingFunction[],
): ReadonlyMap<number, DuckDBType> {
  const models = new Map<string, readonly Parameter[]>();
  for (const fn of bound) {
    if (!(fn instanceof InferenceFunction)) continue;
    if (fn.parameters.some(({ kind }) => kind === 'tensor')) {
      models.set(fn.displayName.toLowerCase(), fn.parameters);
    }
  }
  const types = new Map<number, DuckDBType>();
  if (models.size === 0) return types;
  for (const [at, token] of tokens.entries()) {
    if (token.kind !== 'word' && token.kind !== 'quoted') continue;
    const parameters = models.get(token.value.toLowerCase());
    if (parameters === undefined || !isOperator(tokens[at + 1], '(')) continue;
    const close = behindBracket(tokens, at + 1) - 1;
    for (const [index, [from, to]] of splitAtCommas(tokens, at + 2, close).entries()) {
      const argument = tokens[to - 1];
      const parameter = parameterOf(tokens.slice(from, to), index, parameters);
      if (argument?.kind !== 'parameter' || parameter?.kind !== 'tensor') continue;
      const number = Number(argument.value.slice(1));
      if (!types.has(number)) types.set(number, typeOf(parameter.spec));
    }
  }
  return types;
}

/** What an argument of one parameter is for, by place or by name. */
function parameterOf(
  argument: readonly Token[],
  index: number,
  parameters: readonly Parameter[],
): Parameter | undefined {
  const [name, arrow] = argument;
  if (argument.length === 1) return parameters[index];
  const isNamed = argument.length === 3 && (isOperator(arrow, ':=') || isOperator(arrow, '=>'));
  return isNamed ? parameters.find((parameter) => parameter.name === name?.value.toLowerCase()) : undefined;
}

/** The type that every value of the input fits. */
function typeOf({ type, shape }: TensorSpec): DuckDBType {
  let nested: DuckDBType = FLOAT;
  if (/^u?int/.test(type)) nested = BIGINT;
  else if (type === 'float64') nested = DOUBLE;
  for (let axis = 0; axis < shape.length; axis++) nested = LIST(nested);
  return nested;
}
