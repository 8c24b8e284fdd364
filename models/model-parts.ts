/**
 * Models that lie in several files: which files a model file needs beside it, and reading them. The compiler opens no
 * files; whoever reads the model file reads its parts from the same place.
 */
import { detectFormat, isZip } from './detect.ts';
import { MODEL_LIMITS } from './limits.ts';
import { inFile, invalidFile, ModelError, tooLarge } from './model-error.ts';
import { parseTfjsManifest } from './tfjs/manifest.ts';

/** A model file as the caller read it; `name` stands in error messages. */
export interface ModelFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The files that `partsNeeded` asked for, by their names. */
  readonly parts?: ReadonlyMap<string, Uint8Array> | undefined;
}

export interface NeededPart {
  /** Of a file in the folder of the model file; never a path. */
  readonly name: string;
  /** A larger file cannot be what the model file describes. */
  readonly maxSize_bytes: number;
}

/**
 * The files that belong to a model file; none for most formats, and for what is no model (compiling it says why).
 * Throws a ModelError where the model file names impossible ones.
 */
export function partsNeeded(bytes: Uint8Array): readonly NeededPart[] {
  let format: string;
  try {
    format = detectFormat(bytes);
  } catch {
    return [];
  }
  // An archive brings its parts along.
  if (format !== 'tfjs' || isZip(bytes)) return [];
  return parseTfjsManifest(bytes).groups.flatMap(({ paths, size_bytes }) =>
    paths.map((name) => ({ name, maxSize_bytes: size_bytes })),
  );
}

/**
 * Reads what belongs to a model file.
 *
 * @param read one file beside the model file, which must fail when it is larger than `maxSize_bytes`
 */
export async function withParts(
  file: ModelFile,
  read: (part: NeededPart) => Promise<Uint8Array>,
): Promise<ModelFile> {
  try {
    const parts = await readParts(file, read);
    return parts === undefined ? file : { ...file, parts };
  } catch (error) {
    throw error instanceof ModelError ? inFile(file.name, error) : error;
  }
}

async function readParts(
  file: ModelFile,
  read: (part: NeededPart) => Promise<Uint8Array>,
): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
  const needed = partsNeeded(file.bytes);
  if (needed.length === 0) return undefined;
  const parts = new Map<string, Uint8Array>();
  let left_bytes: number = MODEL_LIMITS.file_bytes - file.bytes.byteLength;
  for (const { name, maxSize_bytes } of needed) {
    const part = await read({ name, maxSize_bytes: Math.min(maxSize_bytes, left_bytes) });
    if (part.byteLength > maxSize_bytes) {
      throw invalidFile(`${name} takes ${part.byteLength} bytes; its weights take ${maxSize_bytes} in all`);
    }
    left_bytes -= part.byteLength;
    if (left_bytes < 0) throw tooLarge(`the model's files take more than ${MODEL_LIMITS.file_bytes} bytes`);
    parts.set(name, part);
  }
  return parts;
}

/** Bytes of a model file and its parts together. */
export function modelSize_bytes({ bytes, parts }: ModelFile): number {
  return [...(parts?.values() ?? [])].reduce((sum, part) => sum + part.byteLength, bytes.byteLength);
}
