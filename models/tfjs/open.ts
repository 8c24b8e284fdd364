/** Opens a TensorFlow.js layers model: model.json and the files beside it, or all of them in one zip archive. */
import type { KerasMajor } from '../keras/config/activations.ts';
import { parseArchitecture } from '../keras/config/architecture.ts';
import type { KerasFile } from '../keras/read/model-file.ts';
import type { ZipReader } from '../keras/read/zip.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { invalidFile } from '../model-error.ts';
import { modelJsonIn } from './archive-names.ts';
import { refuseOtherMeaning } from './dialect.ts';
import { parseTfjsManifest } from './manifest.ts';
import { TfjsWeightSource } from './weights.ts';

/**
 * @param bytes of model.json
 * @param parts the files that it names (`partsNeeded`)
 */
export function openTfjs(bytes: Uint8Array, parts: ReadonlyMap<string, Uint8Array>): KerasFile {
  const { architecture, writtenBy, groups } = parseTfjsManifest(bytes);
  const weights = new TfjsWeightSource(groups, parts);
  const model = parseArchitecture(architecture);
  return { model, weights, keras: kerasMajor(writtenBy), kerasVersion: writtenBy, refuseOtherMeaning };
}

/** Opens a zip archive with a model.json in it, at its root or in a folder, and the files of weights beside it. */
export function openTfjsArchive(archive: ZipReader): KerasFile {
  const path = modelJsonIn(archive.names);
  const bytes = path === undefined ? undefined : archive.read(path, MODEL_LIMITS.tfjsManifest_bytes);
  if (path === undefined || bytes === undefined) throw invalidFile('the archive holds no model.json');
  const folder = path.slice(0, path.lastIndexOf('/') + 1);
  const names = parseTfjsManifest(bytes).groups.flatMap(({ paths }) => paths);
  const parts = new Map(
    names.flatMap((name) => {
      const part = archive.read(`${folder}${name}`, MODEL_LIMITS.zipEntry_bytes);
      return part === undefined ? [] : [[name, part] as const];
    }),
  );
  return openTfjs(bytes, parts);
}

/** TensorFlow.js computes as Keras 2 does; it reads, and so never runs, no file of Keras 3. */
function kerasMajor(writtenBy: string | undefined): KerasMajor {
  return /^3\./.test(writtenBy ?? '') ? 3 : 2;
}
