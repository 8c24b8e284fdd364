import { SqlensError, SqlState } from '../../common/errors.ts';
import type { ImageObject, LocationPolicy, StoredBytes } from '../api.ts';
import { invalidUri } from './errors.ts';
import { FileLocation } from './file.ts';
import { encodeName } from './file-uri.ts';
import { HttpLocation } from './http.ts';
import type { Location, ObjectStat, ReadOptions, WaitOptions } from './location.ts';
import { S3Location } from './s3.ts';
import { isS3Text } from './s3-uri.ts';

/** Every location; a new one is a file beside these and a line here. Files come last: they own what has no scheme. */
const LOCATIONS: readonly (new (policy: LocationPolicy) => Location)[] = [
  S3Location,
  HttpLocation,
  FileLocation,
];

export interface ListOptions extends WaitOptions {
  /** Objects per page, 1,000 unless told. */
  readonly pageSize?: number;
  /** More objects than this are an error (54000), a million unless told. */
  readonly maxObjects?: number;
}

const DEFAULT_PAGE_SIZE = 1_000;
const DEFAULT_MAX_OBJECTS = 1_000_000;
const MAX_TEXT_LENGTH = 8_192;

/**
 * Everything that SQL can read from outside, under one policy. Each call checks the policy anew, so no URI is
 * trusted because it was listed earlier.
 */
export class Locations {
  readonly #locations: readonly Location[];

  constructor(policy: LocationPolicy) {
    this.#locations = LOCATIONS.map((Kind) => new Kind(policy));
  }

  /**
   * The one spelling of an object's URI: plain paths become `file:///…`, percent-encoding is made uniform. Glob
   * characters are ordinary characters here. Nothing is looked up.
   *
   * @throws SqlensError 22023 for a scheme that is not known and for what cannot be a URI
   */
  canonicalUri(text: string): string {
    return this.#of(text).canonicalUri(text);
  }

  /** The same for what `list` takes: glob characters keep their meaning, relative paths become absolute. */
  canonicalPattern(text: string): string {
    return this.#of(text).canonicalPattern(text);
  }

  /**
   * The canonical URI of a file in the folder of another one; a web address keeps its query, as signed ones need it.
   *
   * @param name of the file, no path: every character stands for itself
   */
  sibling(uri: string, name: string): string {
    const text = this.canonicalUri(uri);
    const end = /^https?:/.test(text) ? text.search(/[?#]|$/) : text.length;
    const folder = text.slice(0, text.lastIndexOf('/', end - 1) + 1);
    const query = /^[^#]*/.exec(text.slice(end))?.[0] ?? '';
    return this.canonicalUri(`${folder}${isS3Text(text) ? name : encodeName(name)}${query}`);
  }

  /**
   * The objects below a folder (`/photos`, `s3://bucket/photos/`), those that a glob matches, or the one object
   * named, in pages, in the byte order of their URIs.
   *
   * @throws SqlensError 42501 outside the policy, 58P01 when nothing is there, 54000 for too many objects
   */
  async *list(uriOrGlob: string, options: ListOptions = {}): AsyncGenerator<ImageObject[], void, undefined> {
    const pageSize = Math.max(1, options.pageSize ?? DEFAULT_PAGE_SIZE);
    const maxObjects = options.maxObjects ?? DEFAULT_MAX_OBJECTS;
    let count = 0;
    let page: ImageObject[] = [];
    for await (const object of this.#of(uriOrGlob).list(uriOrGlob, options)) {
      if (++count > maxObjects) throw tooMany(uriOrGlob, maxObjects);
      page.push(object);
      if (page.length < pageSize) continue;
      yield page;
      page = [];
    }
    if (page.length > 0) yield page;
  }

  /** @throws SqlensError 42501, 58P01, 08006 as `read` */
  stat(uri: string, options: WaitOptions = {}): Promise<ObjectStat> {
    return Promise.resolve().then(() => this.#of(uri).stat(uri, options));
  }

  /**
   * The whole object: an image, and with a larger limit a model file or a file of labels.
   *
   * @throws SqlensError 42501 outside the policy, 58P01 missing, 54000 larger than `maxSize_bytes`, 55000 not the
   * asked version any more, 08006 not reachable
   */
  read(uri: string, options: ReadOptions): Promise<StoredBytes> {
    return Promise.resolve().then(() => this.#of(uri).read(uri, options));
  }

  /** Closes kept connections. */
  close(): void {
    for (const location of this.#locations) location.close();
  }

  #of(text: string): Location {
    if (text.length > MAX_TEXT_LENGTH) {
      throw invalidUri(`a URI of ${text.length} characters is too long`, `The limit is ${MAX_TEXT_LENGTH}.`);
    }
    const location = this.#locations.find((candidate) => candidate.owns(text));
    if (location !== undefined) return location;
    throw invalidUri(
      `"${text}" has a scheme that is not supported`,
      'Use a path, file:///path, s3://bucket/key or https://host/path.',
    );
  }
}

function tooMany(uriOrGlob: string, maxObjects: number): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `"${uriOrGlob}" has more than ${maxObjects} objects`,
    hint: 'List its folders as separate image tables, or narrow the pattern.',
  });
}
