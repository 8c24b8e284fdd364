/** What one or more locations hold, as rows: the columns of image tables and of `read_images`. */
import {
  BIGINT,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  STRUCT,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { ImageObject } from '../image-source/api.ts';

export interface ListingColumn {
  readonly name: string;
  readonly type: DuckDBType;
  valueOf(image: ImageObject): DuckDBValue;
}

/** An image in SQL: a reference, until someone needs its pixels. */
export const IMAGE_REFERENCE = STRUCT({ uri: VARCHAR, version: VARCHAR });

const BASE_COLUMNS: readonly ListingColumn[] = [
  { name: 'uri', type: VARCHAR, valueOf: (image) => image.uri },
  {
    name: 'image',
    type: IMAGE_REFERENCE,
    valueOf: (image) => new DuckDBStructValue({ uri: image.uri, version: image.version }),
  },
  { name: 'size', type: BIGINT, valueOf: (image) => BigInt(image.size_bytes) },
  { name: 'etag', type: VARCHAR, valueOf: (image) => image.version },
  {
    name: 'last_modified',
    type: TIMESTAMPTZ,
    valueOf: (image) => new DuckDBTimestampTZValue(BigInt(Math.round(image.lastModified.getTime())) * 1000n),
  },
  { name: 'content_type', type: VARCHAR, valueOf: (image) => image.contentType },
];

export class Listing {
  readonly images: readonly ImageObject[];
  readonly columns: readonly ListingColumn[];

  constructor(images: readonly ImageObject[]) {
    this.images = images;
    this.columns = columnsOf(images);
  }
}

/** The columns of a listing whose images are not known yet. */
export const EMPTY_LISTING = new Listing([]);

function columnsOf(images: readonly ImageObject[]): ListingColumn[] {
  // Column names differ by more than case: "Label=a" and "label=b" are one column.
  const partitions = new Map<string, Set<string>>();
  for (const image of images) {
    for (const name of image.partitions.keys()) {
      const lower = name.toLowerCase();
      const spellings = partitions.get(lower) ?? new Set<string>();
      partitions.set(lower, spellings.add(name));
    }
  }
  const taken = new Set(BASE_COLUMNS.map((column) => column.name));
  const columns = [...BASE_COLUMNS];
  for (const [lower, spellings] of partitions) {
    const [name = lower] = spellings;
    if (taken.has(lower)) {
      throw new SqlensError({
        sqlState: SqlState.duplicateColumn,
        message: `the partition folder "${name}=…" has the name of a column that every image table has`,
        hint: 'Rename the folders, or list the folder below them.',
      });
    }
    columns.push({ name, type: VARCHAR, valueOf: (image) => partitionOf(image, spellings) });
  }
  return columns;
}

function partitionOf(image: ImageObject, spellings: ReadonlySet<string>): string | null {
  for (const name of spellings) {
    const value = image.partitions.get(name);
    if (value !== undefined) return value;
  }
  return null;
}
