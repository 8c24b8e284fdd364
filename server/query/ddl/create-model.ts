/**
 * CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name FROM 'uri' [FUNCTION name] [RETURNS type] [OPTIONS (…)]
 * and the call of sparkdl's days, SELECT register_keras_udf('name', 'file' [, 'preprocess']).
 */
import { VARCHAR } from '@duckdb/node-api';
import { SqlState } from '../../../common/errors.ts';
import { Turns } from '../../../common/turns.ts';
import type { CompiledModel, Manifest, Preprocess } from '../../../models/artifact.ts';
import { compileInChild, modelSize_bytes } from '../../../models/index.ts';
import {
  checkLabelCount,
  chooseReturns,
  type ModelSpec,
  type ReturnsType,
  resultTypeOf,
  shapeOf,
} from '../../../udf-registry/model-spec.ts';
import { parametersOf } from '../../../udf-registry/parameters.ts';
import type { TextSpec } from '../../../udf-registry/text-model.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { findModel } from '../engine/model-table.ts';
import { finished, fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { addVersion, alreadyExists } from './add-version.ts';
import { createFromModel } from './create-from-model.ts';
import { Cursor, pointedAt } from './cursor.ts';
import { noteSkipped } from './in-transaction.ts';
import { refuseTakenFunction } from './model-function.ts';
import { defaultBatchSize, type ModelOptions, readModelOptions } from './model-options.ts';
import { readFileAt, readModelFile } from './read-model-file.ts';
import { settleResize } from './resize-options.ts';
import { settleText } from './text-options.ts';

const MAX_LABELS_BYTES = 16 * 2 ** 20;
const COMPILE_TIMEOUT_MS = 120_000;

/** A model file is in memory while it is compiled, and may take two gigabytes. */
const turns = new Turns(2);

interface ModelDefinition {
  readonly name: string;
  readonly nameToken: Token;
  readonly functionName: string;
  readonly source: string;
  readonly sourceToken: Token;
  readonly returns: string | undefined;
  readonly returnsToken: Token | undefined;
  readonly options: ModelOptions;
  readonly replace: boolean;
  readonly ifNotExists: boolean;
}

export async function createModel(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  if (!(await createFromModel(context, parsed.tokens))) {
    await register(context, parseCreateModel(parsed.tokens));
  }
  return finished('CREATE MODEL');
}

export const REGISTER_COLUMNS: readonly ResultColumn[] = [{ name: 'register_keras_udf', type: VARCHAR }];

export async function registerKerasUdf(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const definition = parseRegisterKerasUdf(parsed.tokens);
  await register(context, definition);
  return fromRows(REGISTER_COLUMNS, [[definition.functionName]], 'SELECT 1');
}

export function parseCreateModel(tokens: readonly Token[]): ModelDefinition {
  const cursor = new Cursor(tokens);
  cursor.expect('create');
  const replace = cursor.accept('or', 'replace');
  cursor.expect('model');
  const ifNotExists = cursor.accept('if', 'not', 'exists');
  const { value: name, token: nameToken } = cursor.name("the model's name");
  cursor.expect('from');
  const { value: source, token: sourceToken } = cursor.string("the model file's location, a string");
  let functionName = name;
  let returns: string | undefined;
  let returnsToken: Token | undefined;
  let options = readModelOptions([]);
  while (!cursor.atEnd()) {
    if (cursor.accept('function')) functionName = cursor.name("the function's name").value;
    else if (cursor.accept('returns')) {
      returnsToken = cursor.peek();
      returns = cursor.typeName().toUpperCase();
    } else if (cursor.accept('options')) options = readModelOptions(cursor.options());
    else throw cursor.unexpected('FUNCTION, RETURNS or OPTIONS');
  }
  return {
    name,
    nameToken,
    functionName,
    source,
    sourceToken,
    returns,
    returnsToken,
    options,
    replace,
    ifNotExists,
  };
}

function parseRegisterKerasUdf(tokens: readonly Token[]): ModelDefinition {
  const cursor = new Cursor(tokens);
  cursor.expect('select', 'register_keras_udf', '(');
  const { value: name, token: nameToken } = cursor.string("the function's name, a string");
  cursor.expect(',');
  const { value: source, token: sourceToken } = cursor.string("the model file's location, a string");
  let options = readModelOptions([]);
  if (cursor.accept(',')) {
    const { value, token } = cursor.string('a preprocess mode, a string');
    const option = { name: 'preprocess', value, nameToken: token, valueToken: token };
    options = readModelOptions([option]);
  }
  cursor.expect(')');
  cursor.expectEnd();
  const common = { returns: undefined, returnsToken: undefined, options, replace: true, ifNotExists: false };
  return { name, nameToken, functionName: name, source, sourceToken, ...common };
}

async function register(context: SessionContext, definition: ModelDefinition): Promise<void> {
  const { engine, connection } = context;
  const known = await findModel(connection, definition.name);
  if (known !== undefined && definition.ifNotExists) {
    noteSkipped(context, SqlState.duplicateObject, `model "${definition.name}" already exists`);
    return;
  }
  if (known !== undefined && !definition.replace) {
    throw alreadyExists(definition.name, definition.nameToken);
  }
  await refuseTakenFunction(connection, definition, definition.nameToken);
  const labels = await readLabels(context, definition.options);
  const compiled = await turns.run(context.signal, () => compile(context, definition));
  context.signal.throwIfAborted();
  const { manifest } = compiled;
  const { preprocess, output, top_k, batchSize, device } = definition.options;
  const text = await settleText(
    context,
    definition.options.text,
    manifest,
    (location, token, maxSize_bytes) =>
      readFileAt(context, location, token, { maxSize_bytes, signal: context.signal }),
  );
  const returns = returnsOf(definition, manifest, text, labels);
  const takes = text !== undefined ? 'text' : manifest.image !== undefined ? 'image' : 'numbers';
  const settled: ModelSpec = {
    id: engine.registry.nextId(),
    name: definition.name,
    version: (known?.version ?? 0) + 1,
    functionName: definition.functionName,
    digest: manifest.digest,
    preprocess: preprocess satisfies Preprocess,
    labels,
    top_k,
    returns,
    output,
    batchSize: batchSize ?? defaultBatchSize(takes),
    device,
    source: definition.source,
    resize: settleResize(definition.options.resize, manifest),
    text,
  };
  const spec: ModelSpec = {
    ...settled,
    resultType: resultTypeOf(shapeOf(settled, manifest)),
    arguments: parametersOf(manifest, text !== undefined)
      .map(({ name }) => name)
      .join(', '),
  };
  await engine.artifacts.put(compiled);
  engine.options.inference.release(manifest.digest);
  await addVersion(context, spec, manifest, definition);
}

async function compile(context: SessionContext, definition: ModelDefinition): Promise<CompiledModel> {
  const file = await readModelFile(context, definition.source, definition.sourceToken);
  const { preprocess, output, file: left, text } = definition.options;
  // A model of texts of any length is compiled for the longest that it is asked for.
  const settled = { preprocess, output, ...left, sequenceLength: text.max_length };
  const memory_bytes = compileMemory_bytes(modelSize_bytes(file));
  const limits = { memory_bytes, timeout_ms: COMPILE_TIMEOUT_MS, signal: context.signal };
  return compileInChild(file, settled, limits);
}

async function readLabels(
  context: SessionContext,
  options: ModelOptions,
): Promise<readonly string[] | undefined> {
  if (options.labels === undefined || !('file' in options.labels)) return options.labels;
  const limits = { maxSize_bytes: MAX_LABELS_BYTES, signal: context.signal };
  const bytes = await readFileAt(context, options.labels.file, options.labelsToken, limits);
  const lines = new TextDecoder().decode(bytes).split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  return lines.map((line) => line.trim());
}

function returnsOf(
  definition: ModelDefinition,
  manifest: Manifest,
  text: TextSpec | undefined,
  labels: readonly string[] | undefined,
): ReturnsType {
  try {
    checkLabelCount(manifest, text, labels);
  } catch (error) {
    throw pointedAt(definition.options.labelsToken, error);
  }
  try {
    return chooseReturns(manifest, text, labels, definition.returns);
  } catch (error) {
    throw pointedAt(definition.returnsToken, error);
  }
}

/** Measured: a file of 553 MB compiles in five times its size and what an empty compiler takes. */
export function compileMemory_bytes(fileSize_bytes: number): number {
  return 768 * 2 ** 20 + 5 * fileSize_bytes;
}
