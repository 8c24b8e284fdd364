/** Errors about model files: all say what is wrong, and in which layer where one is to blame. */
import { SqlensError, type SqlensErrorFields, SqlState } from '../common/errors.ts';
import type { LayerRef } from './graph/layer-ref.ts';

export class ModelError extends SqlensError {}

/** A ModelError whose message already names the layer. */
class LayerError extends ModelError {}

const DAMAGED_HINT = 'Save the model again and check that the file was copied whole.';

function clip(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 300)}…`;
}

/** The layer uses something that cannot be computed exactly. */
export function unsupported(layer: LayerRef, problem: string, hint?: string): ModelError {
  return new LayerError({
    sqlState: SqlState.featureNotSupported,
    message: `${describeLayer(layer)}: ${clip(problem)}`,
    hint: hint ?? 'Replace the layer or option, or export the model to ONNX and register that file.',
  });
}

/** The same for a part of a foreign graph: `input "image"`, `node "n" (Loop)`. */
export function unsupportedPart(part: string, problem: string, hint: string): ModelError {
  return new ModelError({
    sqlState: SqlState.featureNotSupported,
    message: `${clip(part)}: ${clip(problem)}`,
    hint,
  });
}

/** The layer contradicts itself, its weights or its inputs. */
export function invalidLayer(layer: LayerRef, problem: string, hint: string = DAMAGED_HINT): ModelError {
  return new LayerError({
    sqlState: SqlState.dataException,
    message: `${describeLayer(layer)}: ${clip(problem)}`,
    hint,
  });
}

/** The file as a whole is damaged, or is not what it should be. */
export function invalidFile(problem: string, hint: string = DAMAGED_HINT, cause?: unknown): ModelError {
  return new ModelError({ sqlState: SqlState.dataException, message: clip(problem), hint, cause });
}

/** The file is sound but larger than what the compiler takes on. */
export function tooLarge(problem: string): ModelError {
  return new ModelError({
    sqlState: SqlState.programLimitExceeded,
    message: clip(problem),
    hint: 'Use a smaller model.',
  });
}

/** A defect of the compiler, not of the file. */
export function compilerDefect(problem: string): ModelError {
  return new ModelError({
    sqlState: SqlState.internalError,
    message: `model compiler: ${problem}`,
    hint: 'This is a defect in SQLens; please report it with the model.',
  });
}

/** Names the layer for which something went wrong, unless the error does so itself. */
export function inLayer(layer: LayerRef, error: ModelError): ModelError {
  if (error instanceof LayerError) return error;
  const { sqlState, hint, detail, cause } = error;
  return new LayerError({
    sqlState,
    message: `${describeLayer(layer)}: ${error.message}`,
    hint,
    detail,
    cause,
  });
}

/** Puts the file's name before the message of whatever went wrong with it. */
export function inFile(fileName: string, error: SqlensError): ModelError {
  const fields: SqlensErrorFields = {
    sqlState: error.sqlState,
    message: `${fileName}: ${error.message}`,
    hint: error.hint,
    detail: error.detail,
    cause: error.cause,
  };
  return new ModelError(fields);
}

function describeLayer(layer: LayerRef): string {
  return `layer "${clip(layer.name)}" (${clip(layer.className)})`;
}
