/** Reads the files that CREATE MODEL names, from wherever SQL may read; errors point at the name. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { NotAFileError } from '../../../image-source/index.ts';
import { type ModelFile, withParts } from '../../../models/index.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { errorAt, pointedAt } from './cursor.ts';

/** ONNX' own limit, and the largest that the readers accept. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;

/** The model file, and what belongs to it from the folder that it lies in (the weights of TensorFlow.js). */
export async function readModelFile(
  context: SessionContext,
  source: string,
  token: Token,
): Promise<ModelFile> {
  const { signal } = context;
  const { locations } = context.engine.options;
  try {
    const { bytes } = await locations.read(source, { maxSize_bytes: MAX_MODEL_BYTES, signal });
    const file = { name: source.slice(source.lastIndexOf('/') + 1), bytes };
    return await withParts(file, async ({ name, maxSize_bytes }) => {
      const uri = locations.sibling(source, name);
      const part = await locations.read(uri, { maxSize_bytes, signal }).catch((error: unknown) => {
        throw isMissing(error) ? missingPart(file.name, name) : error;
      });
      return part.bytes;
    });
  } catch (error) {
    if (isFolder(error)) throw folderInsteadOfModel(source, token);
    throw pointedAt(token, error);
  }
}

/** A file beside the model: labels. */
export async function readFileAt(
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

function isMissing(error: unknown): boolean {
  return error instanceof SqlensError && error.sqlState === SqlState.undefinedFile;
}

/** By its name alone: the folder may be that of uploads. */
function missingPart(fileName: string, name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.undefinedFile,
    message: `${fileName}: the file ${name}, which belongs to it, does not lie beside it`,
    hint: 'Copy all files of the model into one folder, or put them into one zip archive, which HTTP takes too.',
  });
}

function isFolder(error: unknown): boolean {
  return error instanceof NotAFileError && error.found === 'folder';
}

function folderInsteadOfModel(source: string, token: Token): SqlensError {
  return errorAt(
    token,
    SqlState.wrongObjectType,
    `"${source}" is a folder, not a model file`,
    'Name the file in it: model.json of TensorFlow.js, .h5, .keras or .onnx. A SavedModel is not read: save the model with model.save("model.keras"), or convert the folder to ONNX with tf2onnx.',
  );
}
