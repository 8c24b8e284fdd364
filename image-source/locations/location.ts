import type { ImageObject, StoredBytes } from '../api.ts';

/** What a location tells of an object without reading it. */
export interface ObjectStat {
  readonly version: string;
  readonly size_bytes: number;
  readonly lastModified: Date;
  readonly contentType: string;
}

export interface WaitOptions {
  /** Ends the work with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends WaitOptions {
  /** Refuse an object that is larger, before reading it where the location knows its size. */
  readonly maxSize_bytes: number;
  /** Refuse (55000) an object whose version is another one by now. */
  readonly version?: string;
}

/**
 * One way to reach objects. A new location is one file that implements this and one line in locations.ts. Every
 * method enforces the policy by itself and throws SqlensErrors: 42501 not allowed, 58P01 missing, 22023 not a URI,
 * 54000 too large, 55000 changed, 08006 not reachable.
 */
export interface Location {
  /** Whether this location owns the text: a URI of its scheme (or, for files, a plain path). */
  owns(text: string): boolean;
  /** The one spelling of the URI of an object; glob characters in the text are ordinary characters. */
  canonicalUri(text: string): string;
  /** The same for what `list` takes: glob characters keep their meaning, relative paths become absolute. */
  canonicalPattern(text: string): string;
  /** Objects below a folder, or the ones that a glob matches, or the one object itself; in the byte order of URIs. */
  list(pattern: string, options: WaitOptions): AsyncIterable<ImageObject>;
  stat(uri: string, options: WaitOptions): Promise<ObjectStat>;
  read(uri: string, options: ReadOptions): Promise<StoredBytes>;
  /** Frees connections. The location is not used afterwards. */
  close(): void;
}
