/**
 * A function that needs inference, as DuckDB sees it: it only looks up. `internal(input, key)` gets the input and a
 * 128-bit key that DuckDB computed (`sqlens.input_key`); the input itself is read only for a missing answer.
 *
 * Measured: 1,000,000 answered rows cost the JavaScript thread 60–80 ms in all (2.4 s with keys read as strings),
 * and DuckDB's own work on the keys between two calls leaves the event loop room to breathe.
 */
import { ANY, DuckDBScalarFunction, DuckDBVector, UHUGEINT } from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { SqlensError, SqlState } from '../common/errors.ts';
import { FAILED } from './answers.ts';
import type { InferenceFunction } from './inference-function.ts';
import { readInput } from './input.ts';
import { ABSENT } from './key-index.ts';
import type { PassTable } from './pass.ts';

/** Row results of a lookup that are no slots. */
const NULL_SLOT = -1;

interface BindData {
  readonly connectionId: number;
}

function isBindData(value: object | undefined): value is BindData {
  return value !== undefined && 'connectionId' in value;
}

/** Makes DuckDB's function object for `fn`; register it on a connection outside any transaction. */
export function toDuckDBFunction(fn: InferenceFunction, passes: PassTable): DuckDBScalarFunction {
  const definition = new DuckDBScalarFunction();
  definition.setName(fn.internalName);
  definition.addParameter(ANY);
  definition.addParameter(UHUGEINT);
  definition.setReturnType(fn.shape.returnType);
  // It sees NULLs too: of a statement that is only described, with NULLs for its parameters, the types matter.
  definition.setSpecialHandling();
  definition.setBindFunction((bind) => {
    const connectionId = bind.clientContext.connectionId;
    passes.of(connectionId)?.bound.add(fn);
    const data: BindData = { connectionId };
    bind.setBindData(data);
  });
  duckdb.scalar_function_set_function(definition.scalar_function, (info, chunk, output) => {
    const bindData = duckdb.scalar_function_get_bind_data(info);
    const pass = isBindData(bindData) ? passes.of(bindData.connectionId) : undefined;
    try {
      answerChunk(fn, pass, chunk, output);
    } catch (error) {
      if (pass !== undefined && error instanceof SqlensError) pass.thrown = error;
      throw error;
    }
  });
  return definition;
}

/** Looks the chunk's inputs up, column 0, by their keys, column 1; notes those without an answer. */
export function answerChunk(
  fn: InferenceFunction,
  pass: ReturnType<PassTable['of']>,
  chunk: duckdb.DataChunk,
  output: duckdb.Vector,
): void {
  const rowCount = duckdb.data_chunk_get_size(chunk);
  const inputVector = duckdb.data_chunk_get_vector(chunk, 0);
  const keyVector = duckdb.data_chunk_get_vector(chunk, 1);
  const slots = new Int32Array(rowCount).fill(NULL_SLOT);
  if (pass?.query.isDescribed) {
    fn.shape.write(output, slots.fill(0), fn.example);
    return;
  }
  if (pass !== undefined && rowCount > 0) {
    const keyBytes = duckdb.vector_get_data(keyVector, rowCount * 16);
    const keys = new Uint32Array(keyBytes.buffer, keyBytes.byteOffset, rowCount * 4);
    const validity = duckdb.vector_get_validity(keyVector, Math.ceil(rowCount / 64) * 8);
    const answers = pass.query.answersOf(fn.store);
    // A bare URI may name other content tomorrow; a text is what it is.
    const durable = fn.parameters[0]?.kind !== 'image' || !isVarchar(inputVector);
    let inputs: DuckDBVector | undefined;
    for (let row = 0; row < rowCount; row++) {
      if (validity !== null && ((validity[row >> 3] ?? 0xff) & (1 << (row & 7))) === 0) continue;
      const slot = answers.lookup(keys, row * 4, durable);
      if (slot === FAILED) {
        pass.sawFailure(keys, row * 4);
      } else if (slot !== ABSENT) {
        slots[row] = slot;
      } else {
        const wanted = fn.wants(pass, keys, row * 4);
        if (!wanted) continue;
        inputs ??= readableVector(inputVector, rowCount, fn);
        const input = readInput(inputs.getItem(row), inputs.type, fn);
        if (input === undefined) continue;
        const demand = fn.demandOf(pass);
        if (demand === undefined) continue;
        demand.add(keys, row * 4, input.input, durable && input.durable, input.parameter);
      }
    }
  }
  fn.shape.write(output, slots, fn.store);
}

/** @throws 42883 for a struct or list with an untyped NULL in it, which the API cannot read */
function readableVector(vector: duckdb.Vector, rowCount: number, fn: InferenceFunction): DuckDBVector {
  try {
    return DuckDBVector.create(vector, rowCount);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.undefinedFunction,
      message: `${fn.displayName} does not take a value with an untyped NULL in it`,
      hint: 'Give the NULL a type, as in NULL::VARCHAR.',
      cause: error,
    });
  }
}

function isVarchar(vector: duckdb.Vector): boolean {
  return duckdb.get_type_id(duckdb.vector_get_column_type(vector)) === duckdb.Type.VARCHAR;
}
