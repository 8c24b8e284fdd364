/** Rows through a graph: feeds from prepared rows, a run, and each row's share of the outputs as float32. */

import { Tensor } from 'onnxruntime-node';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import type { Tokenizer, Tokens } from '../../models/text/tokenizer.ts';
import type { TextTask } from '../text-model.ts';
import { feedRows, type PlainRow } from './feeds.ts';
import { fromHalfBits } from './half.ts';
import { asSqlensError, type Prepared } from './prepare.ts';
import type { LoadedModel } from './sessions.ts';
import { feedTexts, groupTexts, poolText, type TextGroup, tokensOf } from './text.ts';

export type Runnable = Extract<Prepared, { kind: 'pixels' | 'row' | 'text' }>;

/** One row's tensors, one per served output, or why there are none. */
export type RowResult = readonly Float32Array[] | SqlensError;

/**
 * Runs the rows of one batch; blocks the thread. A run that throws is repeated row by row, so that one row on which the
 * graph fails does not take the others with it.
 * @param rows all of them prepared for this model
 * @param tokenizer of a model that takes text
 */
export async function execute(
  model: LoadedModel,
  rows: readonly Runnable[],
  tokenizer: Tokenizer | undefined,
): Promise<RowResult[]> {
  const results: RowResult[] = new Array(rows.length);
  const { text } = model.spec;
  if (text !== undefined && tokenizer !== undefined) {
    await executeTexts(model, rows, text, tokenizer, results);
  } else {
    for (const group of groups(model, rows)) {
      const members = group.map((at) => rows[at]).filter((row) => row !== undefined && row.kind !== 'text');
      const answered = await eachAlone(members, (some) => runRows(model, some));
      group.forEach((at, k) => {
        results[at] = answered[k] ?? runError(new Error('the graph gave too few rows'));
      });
    }
  }
  return results;
}

async function executeTexts(
  model: LoadedModel,
  rows: readonly Runnable[],
  text: TextTask,
  tokenizer: Tokenizer,
  results: RowResult[],
): Promise<void> {
  const tokens = new Map<number, Tokens>();
  rows.forEach((row, at) => {
    try {
      tokens.set(at, tokensOf(tokenizer, row.kind === 'text' ? row.text : '', text));
    } catch (error) {
      results[at] = asSqlensError(error);
    }
  });
  for (const group of groupTexts(tokens, text, model.fixedRows ?? rows.length)) {
    const members = group.tokens.map((one, k) => ({ tokens: one, row: group.rows[k] ?? 0 }));
    const answered = await eachAlone(members, (some) => {
      const rowsOfSome = some.map(({ row }) => row);
      const tokensOfSome = some.map((one) => one.tokens);
      return runTexts(
        model,
        { rows: rowsOfSome, tokens: tokensOfSome, length: group.length },
        text,
        tokenizer,
      );
    });
    group.rows.forEach((at, k) => {
      results[at] = answered[k] ?? runError(new Error('the graph gave too few rows'));
    });
  }
}

/** Positions of rows that can run together: same shapes, and no more of them than the graph takes. */
function groups(model: LoadedModel, rows: readonly Runnable[]): number[][] {
  const isFree = model.spec.inputs.some(({ shape }) => shape.includes(null));
  const byShape = new Map<string, number[]>();
  rows.forEach((row, at) => {
    const key =
      isFree && row.kind === 'row'
        ? JSON.stringify(row.parts.map((part) => (part.kind === 'numbers' ? part.shape : null)))
        : '';
    const group = byShape.get(key);
    if (group === undefined) byShape.set(key, [at]);
    else group.push(at);
  });
  const size = model.fixedRows ?? Math.max(1, rows.length);
  return [...byShape.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / size) }, (_, k) => group.slice(k * size, (k + 1) * size)),
  );
}

async function eachAlone<T>(
  rows: readonly T[],
  run: (rows: readonly T[]) => Promise<RowResult[]>,
): Promise<RowResult[]> {
  try {
    return await run(rows);
  } catch (error) {
    if (rows.length === 1) return [runError(error)];
  }
  const results: RowResult[] = [];
  for (const row of rows) results.push(...(await eachAlone([row], run)));
  return results;
}

async function runRows(model: LoadedModel, rows: readonly PlainRow[]): Promise<RowResult[]> {
  // A graph with a fixed batch gets its missing rows as zeros; their answers are dropped.
  const batch = model.fixedRows ?? rows.length;
  const columns = await run(model, feedRows(model, rows, batch), batch);
  return rows.map((_, row) =>
    columns.map(({ values, length }) => values.subarray(row * length, (row + 1) * length)),
  );
}

async function runTexts(
  model: LoadedModel,
  group: TextGroup,
  text: TextTask,
  tokenizer: Tokenizer,
): Promise<RowResult[]> {
  const batch = model.fixedRows ?? group.rows.length;
  const columns = await run(model, feedTexts(model, group, text, tokenizer, batch), batch);
  return group.tokens.map(({ ids }, row) =>
    columns.map(({ values, length, dims }) => {
      const isPerToken = dims.length === 3 && dims[1] === group.length;
      const first = tokenizer.padding.left ? group.length - ids.length : 0;
      const own = values.subarray(row * length, (row + 1) * length);
      return poolText(own, isPerToken ? dims[2] : undefined, first, ids.length, text);
    }),
  );
}

interface OutputColumn {
  readonly values: Float32Array;
  /** Numbers per row. */
  readonly length: number;
  readonly dims: readonly number[];
}

async function run(
  model: LoadedModel,
  feeds: Record<string, Tensor>,
  batch: number,
): Promise<readonly OutputColumn[]> {
  const outputs = await model.session.run(
    feeds,
    model.spec.outputs.map((output) => output.name),
  );
  return model.spec.outputs.map(({ name }) => {
    const tensor = outputs[name];
    if (!(tensor instanceof Tensor)) throw new Error(`output ${name} is not a tensor`);
    const values = toFloat32(tensor);
    const { dims } = tensor;
    if (batch === 1) return { values, length: values.length, dims };
    if (dims[0] !== batch) {
      throw new Error(`output ${name} has shape [${dims.join(', ')}] for a batch of ${batch} rows`);
    }
    return { values, length: values.length / batch, dims };
  });
}

function toFloat32(tensor: Tensor): Float32Array {
  const { data, type } = tensor;
  if (data instanceof Float32Array) return data;
  // Where the platform has half floats the engine hands out those, elsewhere their bits.
  if (type === 'float16' && data instanceof Uint16Array) return Float32Array.from(data, fromHalfBits);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) return Float32Array.from(data, Number);
  if (Array.isArray(data)) throw new Error('it gives strings, which are not served');
  return Float32Array.from(data);
}

function runError(error: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.dataException,
    message: `the model failed on this input: ${messageOf(error)}`,
    hint: 'If it fails on every input, its graph does not fit the engine: register another export of the model.',
    cause: error,
  });
}
