/**
 * CREATE [OR REPLACE] MODEL [IF NOT EXISTS] name FROM 'uri' [FUNCTION name] [RETURNS type] [OPTIONS (…)]
 * and the call of sparkdl's days, SELECT register_keras_udf('name', 'file' [, 'preprocess']).
 */
import { VARCHAR } from '@duckdb/node-api';
import { type SqlensError, SqlState } from '../../../common/errors.ts';
import { Turns } from '../../../common/turns.ts';
import type { CompiledModel, Manifest, Preprocess } from '../../../models/artifact.ts';
import { compileInChild } from '../../../models/index.ts';
import {
  checkLabelCount,
  chooseReturns,
  type ModelSpec,
  type ReturnsType,
} from '../../../udf-registry/model-spec.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import { claimName, findModel, insertVersion } from '../engine/model-table.ts';
import { finished, fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { Cursor, errorAt, pointedAt } from './cursor.ts';
import { inTransaction, noteSkipped } from './in-transaction.ts';
import { defineModelFunction, dropModelFunction, refuseTakenFunction } from './model-function.ts';
import { defaultBatchSize, type ModelOptions, readModelOptions } from './model-options.ts';

/** ONNX' own limit, and the largest that the readers accept. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;
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
  await register(context, parseCreateModel(parsed.tokens));
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
  if (known !== undefined && !definition.replace) throw alreadyExists(definition);
  await refuseTakenFunction(connection, definition, definition.nameToken);
  const labels = await readLabels(context, definition.options);
  const compiled = await turns.run(context.signal, () => compile(context, definition));
  context.signal.throwIfAborted();
  const { manifest } = compiled;
  const { preprocess, output, top_k, batchSize, device } = definition.options;
  const returns = returnsOf(definition, manifest, labels);
  const spec: ModelSpec = {
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
    batchSize: batchSize ?? defaultBatchSize(manifest.image !== undefined),
    device,
    source: definition.source,
  };
  await engine.artifacts.put(compiled);
  engine.options.inference.release(manifest.digest);
  const artifactPath = engine.artifacts.pathOf(manifest.digest);
  const own = context.transaction.isOpen ? connection : undefined;
  const fn = engine.registry.defineModel(spec, manifest, artifactPath, own);
  await inTransaction(context, async () => {
    await claimName(connection, spec.name);
    // Another session may have registered it while this one compiled.
    const replaced = await findModel(connection, spec.name);
    if (replaced !== undefined && !definition.replace) throw alreadyExists(definition);
    if (replaced !== undefined) await dropModelFunction(connection, replaced);
    const name = replaced?.name ?? spec.name;
    await insertVersion(connection, { ...spec, name }, manifest, context.user);
    await defineModelFunction(connection, spec, manifest, fn);
  });
}

async function compile(context: SessionContext, definition: ModelDefinition): Promise<CompiledModel> {
  const fileLimits = { maxSize_bytes: MAX_MODEL_BYTES, signal: context.signal };
  const bytes = await readFileAt(context, definition.source, definition.sourceToken, fileLimits);
  const { preprocess, output } = definition.options;
  const file = { name: baseName(definition.source), bytes };
  const memory_bytes = compileMemory_bytes(bytes.length);
  const limits = { memory_bytes, timeout_ms: COMPILE_TIMEOUT_MS, signal: context.signal };
  return compileInChild(file, { preprocess, output }, limits);
}

function alreadyExists({ name, nameToken }: ModelDefinition): SqlensError {
  return errorAt(
    nameToken,
    SqlState.duplicateObject,
    `model "${name}" already exists`,
    'CREATE OR REPLACE MODEL replaces it.',
  );
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

async function readFileAt(
  context: SessionContext,
  location: string,
  token: Token | undefined,
  limits: { readonly maxSize_bytes: number; readonly signal: AbortSignal },
): Promise<Uint8Array> {
  try {
    return (await context.engine.options.locations.read(location, limits)).bytes;
  } catch (error) {
    throw pointedAt(token, error);
  }
}

function returnsOf(
  definition: ModelDefinition,
  manifest: Manifest,
  labels: readonly string[] | undefined,
): ReturnsType {
  try {
    checkLabelCount(manifest, labels);
  } catch (error) {
    throw pointedAt(definition.options.labelsToken, error);
  }
  try {
    return chooseReturns(manifest, labels, definition.returns);
  } catch (error) {
    throw pointedAt(definition.returnsToken, error);
  }
}

/** Measured: a file of 553 MB compiles in five times its size and what an empty compiler takes. */
export function compileMemory_bytes(fileSize_bytes: number): number {
  return 768 * 2 ** 20 + 5 * fileSize_bytes;
}

function baseName(source: string): string {
  return source.slice(source.lastIndexOf('/') + 1);
}
