import { type BigIntStats, constants, type Dirent } from 'node:fs';
import { access, readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { ImageObject } from '../api.ts';
import { contentTypeOf, isImageName } from './content-type.ts';
import { NotAFileError, systemCode } from './errors.ts';
import { fileError, fileVersion } from './file-open.ts';
import { encodeName, fileUri, pathOf, patternOf } from './file-uri.ts';
import { Glob, type GlobState, hasMagic, splitPattern, unescapeGlob } from './glob.ts';
import type { WaitOptions } from './location.ts';
import { hivePartitions } from './partitions.ts';
import type { PathPolicy } from './path-policy.ts';

/** Links that lead upwards make a tree endless; real trees of images are a few folders deep. */
const MAX_DEPTH = 64;
const MAX_FOLDERS = 1_000_000;
const STATS_AT_ONCE = 32;

interface Walk {
  readonly policy: PathPolicy;
  readonly glob: Glob;
  readonly imagesOnly: boolean;
  readonly base: readonly string[];
  readonly signal: AbortSignal | undefined;
  /** Folders entered so far: links can make a small tree take for ever to walk. */
  readonly entered: { count: number };
}

interface Folder {
  readonly path: string;
  readonly uri: string;
  /** Names of the folders between the base and this one. */
  readonly names: readonly string[];
  /** Real paths of this folder and those it was reached through, to notice a link that leads back. */
  readonly realPaths: readonly string[];
  readonly state: GlobState;
}

interface Entry {
  readonly name: string;
  readonly sortKey: string;
  readonly isFolder: boolean;
  readonly state: GlobState;
}

/**
 * Files below a folder, matched by a glob, or the one file named, in the byte order of their URIs.
 *
 * A folder is listed with all folders below it, images only (by extension), names that begin with a dot left out;
 * so is a glob that ends in nothing but wildcards. Any other glob lists whatever it matches. A name that exists is
 * taken as it is even when it contains glob characters. Symbolic links are followed as far as the policy allows and
 * no further than once round a loop; dangling ones are left out.
 *
 * @throws SqlensError 42501 when the folder or a link in it leads outside the allowed locations, 58P01 when the
 * folder does not exist
 */
export async function* listFiles(
  text: string,
  policy: PathPolicy,
  options: WaitOptions,
): AsyncGenerator<ImageObject, void, undefined> {
  const pattern = patternOf(text);
  const walk = { policy, signal: options.signal, entered: { count: 0 } };
  const literal = await existingPath(text, pattern);
  if (hasMagic(pattern) && literal === undefined) {
    const { base, rest, endsOpen } = splitPattern(pattern);
    yield* walkFrom(base, { ...walk, glob: new Glob(rest), imagesOnly: endsOpen, base });
    return;
  }
  const root = literal ?? unescapeGlob(pattern);
  await policy.check(root);
  const found = await stat(root, { bigint: true }).catch((error: unknown) => {
    throw fileError(root, error);
  });
  const base = root.split('/').filter((name) => name !== '');
  if (found.isDirectory()) {
    yield* walkFrom(base, { ...walk, glob: new Glob('**'), imagesOnly: true, base });
  } else if (found.isFile()) {
    yield imageObject(fileUri(root), found, hivePartitions(base.slice(0, -1), []));
  } else {
    throw new NotAFileError(fileUri(root), 'other');
  }
}

/** The path that the text names when its glob characters are ordinary ones, if there is such a file. */
async function existingPath(text: string, pattern: string): Promise<string | undefined> {
  if (!hasMagic(pattern)) return undefined;
  const literal = pathOf(text);
  return access(literal, constants.F_OK).then(
    () => literal,
    () => undefined,
  );
}

async function* walkFrom(base: readonly string[], walk: Walk): AsyncGenerator<ImageObject, void, undefined> {
  const root = `/${base.join('/')}`;
  await walk.policy.check(root);
  const real = await realpath(root).catch((error: unknown) => {
    throw fileError(root, error);
  });
  const uri = root === '/' ? 'file://' : fileUri(root);
  yield* walkFolder({ path: root, uri, names: [], realPaths: [real], state: walk.glob.start() }, walk);
}

async function* walkFolder(folder: Folder, walk: Walk): AsyncGenerator<ImageObject, void, undefined> {
  const entries = await readEntries(folder, walk);
  const partitions = hivePartitions(walk.base, folder.names);
  for (let at = 0; at < entries.length; ) {
    walk.signal?.throwIfAborted();
    const entry = entries[at];
    if (entry?.isFolder) {
      const below = await enter(folder, entry, walk);
      if (below !== undefined) yield* walkFolder(below, walk);
      at++;
      continue;
    }
    const upTo = entries.slice(at, at + STATS_AT_ONCE);
    const files = upTo.slice(
      0,
      indexOrLength(upTo, (next) => next.isFolder),
    );
    const objects = await Promise.all(files.map((file) => statEntry(folder, file, partitions)));
    for (const object of objects) if (object !== undefined) yield object;
    at += files.length;
  }
}

function indexOrLength<T>(items: readonly T[], test: (item: T) => boolean): number {
  const index = items.findIndex(test);
  return index === -1 ? items.length : index;
}

/** What of a folder can match, sorted so that walking in this order gives the byte order of URIs. */
async function readEntries(folder: Folder, walk: Walk): Promise<Entry[]> {
  const found = await readdir(folder.path, { withFileTypes: true }).catch((error: unknown) => {
    throw fileError(folder.path, error);
  });
  const entries: Entry[] = [];
  for (const dirent of found) {
    const state = walk.glob.step(folder.state, dirent.name);
    if (state === undefined) continue;
    const isFolder = await isFolderEntry(folder, dirent, walk.policy);
    if (isFolder === undefined) continue;
    if (!isFolder && (!walk.glob.accepts(state) || (walk.imagesOnly && !isImageName(dirent.name)))) continue;
    const encoded = encodeName(dirent.name);
    entries.push({ name: dirent.name, sortKey: isFolder ? `${encoded}/` : encoded, isFolder, state });
  }
  return entries.sort((a, b) => (a.sortKey < b.sortKey ? -1 : 1));
}

/** undefined for what is neither a folder nor a regular file, and for a link that leads nowhere. */
async function isFolderEntry(
  folder: Folder,
  dirent: Dirent,
  policy: PathPolicy,
): Promise<boolean | undefined> {
  if (dirent.isDirectory()) return true;
  if (dirent.isFile()) return false;
  if (!dirent.isSymbolicLink()) return undefined;
  const link = path.join(folder.path, dirent.name);
  try {
    const real = await realpath(link);
    if (!policy.allows(real)) throw policy.refusal(link);
    const target = await stat(real);
    if (target.isDirectory()) return true;
    return target.isFile() ? false : undefined;
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ELOOP') return undefined;
    throw fileError(link, error);
  }
}

async function enter(folder: Folder, entry: Entry, walk: Walk): Promise<Folder | undefined> {
  const below = path.join(folder.path, entry.name);
  if (folder.realPaths.length > MAX_DEPTH) {
    throw tooManyFolders(`"${fileUri(below)}" lies more than ${MAX_DEPTH} folders below the listed one`);
  }
  if (++walk.entered.count > MAX_FOLDERS) {
    throw tooManyFolders(`more than ${MAX_FOLDERS} folders were entered up to "${fileUri(below)}"`);
  }
  let real: string;
  try {
    real = await realpath(below);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(below, error);
  }
  // A data directory below an allowed folder is passed over: naming it would be refused, meeting it is no mistake.
  if (folder.realPaths.includes(real) || !walk.policy.allows(real)) return undefined;
  return {
    path: below,
    uri: `${folder.uri}/${encodeName(entry.name)}`,
    names: [...folder.names, entry.name],
    realPaths: [...folder.realPaths, real],
    state: entry.state,
  };
}

function tooManyFolders(message: string): SqlensError {
  const hint = 'List a folder further down, or remove links that lead from folder to folder.';
  return new SqlensError({ sqlState: SqlState.programLimitExceeded, message, hint });
}

async function statEntry(
  folder: Folder,
  entry: Entry,
  partitions: ReadonlyMap<string, string>,
): Promise<ImageObject | undefined> {
  const file = path.join(folder.path, entry.name);
  try {
    const found = await stat(file, { bigint: true });
    return imageObject(`${folder.uri}/${encodeName(entry.name)}`, found, partitions);
  } catch (error) {
    // Deleted since the folder was read.
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(file, error);
  }
}

function imageObject(uri: string, found: BigIntStats, partitions: ReadonlyMap<string, string>): ImageObject {
  return {
    uri,
    version: fileVersion(found),
    size_bytes: Number(found.size),
    lastModified: found.mtime,
    contentType: contentTypeOf(uri),
    partitions,
  };
}
