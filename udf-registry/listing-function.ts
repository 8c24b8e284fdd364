/**
 * `read_images(pattern | [patterns])`: a table function that takes part in passes. Its columns depend on the
 * partitions of what it lists, so already its bind asks: the first pass notes the patterns (and may fail for want
 * of a column), the next one binds with the listing at hand.
 */
import { ANY, DuckDBListValue, DuckDBTableFunction, type DuckDBValue } from '@duckdb/node-api';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { ImageObject } from '../image-source/api.ts';
import { EMPTY_LISTING, Listing } from './listing.ts';
import type { AskingFunction, Pass, PassTable } from './pass.ts';

/** What listing needs of the image room. */
export interface Lister {
  list(uriOrGlob: string, options: { signal: AbortSignal }): AsyncIterable<readonly ImageObject[]>;
}

/** A statement holds its listings in memory; a table does not. */
const MAX_IMAGES = 200_000;

/** Rows per call: few enough that a call does not hold the event loop for long. */
const ROWS_PER_CALL = 512;

export class ListingFunction implements AskingFunction {
  readonly internalName = 'read_images';
  readonly displayName = 'read_images';
  readonly asksWhileDescribing = true;
  readonly #lister: Lister;
  readonly #demands = new WeakMap<Pass, Map<string, readonly string[]>>();

  constructor(lister: Lister) {
    this.#lister = lister;
  }

  /** The listing of some patterns if it is known, else a note that it is wanted. */
  listingFor(patterns: readonly string[], pass: Pass): Listing {
    const key = JSON.stringify(patterns);
    const known = pass.query.listings.get(key);
    if (known !== undefined) return known;
    if (pass.claim(this)) {
      const demand = this.#demands.get(pass) ?? new Map<string, readonly string[]>();
      demand.set(key, patterns);
      this.#demands.set(pass, demand);
    }
    return EMPTY_LISTING;
  }

  async satisfy(pass: Pass): Promise<void> {
    for (const [key, patterns] of this.#demands.get(pass) ?? []) {
      // Patterns may overlap: an image is listed once, as in an image table.
      const images = new Map<string, ImageObject>();
      for (const pattern of patterns) {
        for await (const page of this.#lister.list(pattern, { signal: pass.query.signal })) {
          for (const image of page) images.set(image.uri, image);
          if (images.size > MAX_IMAGES) throw tooMany(pattern);
        }
      }
      pass.query.listings.set(key, new Listing([...images.values()]));
    }
  }
}

interface Scan {
  position: number;
  readonly columnIndexes: readonly number[];
}

/** What a bind leaves for the scan. DuckDB hands objects through untouched, but types them as `object`. */
class BoundListing {
  readonly listing: Listing;
  constructor(listing: Listing) {
    this.listing = listing;
  }
}

class ScanState implements Scan {
  position = 0;
  readonly columnIndexes: readonly number[];
  constructor(columnIndexes: readonly number[]) {
    this.columnIndexes = columnIndexes;
  }
}

export function toDuckDBTableFunction(fn: ListingFunction, passes: PassTable): DuckDBTableFunction {
  return DuckDBTableFunction.create({
    name: fn.internalName,
    parameterTypes: [ANY],
    supportsProjectionPushdown: true,
    bindFunction(bind) {
      const pass = passes.of(bind.clientContext.connectionId);
      try {
        const patterns = patternsOf(bind.getParameter(0));
        pass?.bound.add(fn);
        const listing = pass === undefined ? EMPTY_LISTING : fn.listingFor(patterns, pass);
        for (const column of listing.columns) bind.addResultColumn(column.name, column.type);
        bind.setCardinality(listing.images.length, true);
        bind.setBindData(new BoundListing(listing));
      } catch (error) {
        if (pass !== undefined && error instanceof SqlensError) pass.thrown = error;
        throw error;
      }
    },
    initFunction(init) {
      init.setMaxThreads(1);
      init.setInitData(new ScanState(init.getColumnIndexes()));
    },
    mainFunction(info, chunk) {
      const bound = info.getBindData();
      const scan = info.getInitData();
      if (!(bound instanceof BoundListing) || !(scan instanceof ScanState)) {
        chunk.rowCount = 0;
        return;
      }
      const { images, columns } = bound.listing;
      const page = images.slice(scan.position, scan.position + ROWS_PER_CALL);
      chunk.rowCount = page.length;
      scan.columnIndexes.forEach((columnIndex, at) => {
        const column = columns[columnIndex];
        if (column === undefined || page.length === 0) return;
        const vector = chunk.getColumnVector(at);
        page.forEach((image, row) => {
          vector.setItem(row, column.valueOf(image));
        });
        vector.flush();
      });
      scan.position += page.length;
    },
  });
}

function patternsOf(value: DuckDBValue): readonly string[] {
  const items = value instanceof DuckDBListValue ? value.items : [value];
  const patterns = items.filter((item) => typeof item === 'string');
  if (patterns.length === 0 || patterns.length !== items.length) {
    throw new SqlensError({
      sqlState: SqlState.undefinedFunction,
      message: 'read_images takes a pattern (VARCHAR) or a list of patterns',
      hint: "For example: SELECT * FROM read_images('photos/**/*.jpg').",
    });
  }
  return patterns;
}

function tooMany(pattern: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `read_images('${pattern}') lists more than ${MAX_IMAGES} images`,
    hint: "CREATE EXTERNAL TABLE … OPTIONS (format = 'image', uris = […]) holds a million of them.",
  });
}
