/** The types that image-source shows to the rooms above it. */

/** An object that a location lists: metadata only, no pixel was read. */
export interface ImageObject {
  /** Canonical URI: `file:///…` (percent-encoded), `s3://bucket/key`, `https://…`. */
  readonly uri: string;
  /** Changes when the content does: the ETag where the store has one, else from size and modification time. */
  readonly version: string;
  readonly size_bytes: number;
  readonly lastModified: Date;
  readonly contentType: string;
  /**
   * Hive partitions of the path below the listed location and of the folders it ends in (`label=cat/` gives
   * label → cat), decoded, in path order.
   */
  readonly partitions: ReadonlyMap<string, string>;
}

export interface StoredBytes {
  readonly bytes: Uint8Array;
  readonly version: string;
}

/** Decoded pixels: rows top-down, 8 bits, R G B interleaved. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Spark's ImageSchema: rows top-down, BGR, mode 0 (1 channel), 16 (3) or 24 (4). */
export interface ImageSchemaValue {
  readonly origin: string;
  readonly height: number;
  readonly width: number;
  readonly nChannels: number;
  readonly mode: number;
  readonly data: Uint8Array;
}

export interface ImageInfo {
  readonly format: string;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Where SQL may read: serialisable, so that workers get the same rules as the server. */
export interface LocationPolicy {
  /** Absolute real paths of folders; a file is allowed when its real path lies below one of them. */
  readonly allowedPaths: readonly string[];
  /** Absolute real paths that are never readable even below an allowed one (the data directory's own files). */
  readonly deniedPaths: readonly string[];
  /** `undefined`: every bucket that the credentials reach; else only these `s3://bucket/prefix/`. */
  readonly allowedBuckets: readonly string[] | undefined;
  readonly allowHttp: boolean;
  /** `host:port` of web servers that may be read although their addresses are private (none unless named). */
  readonly allowedPrivateHosts?: readonly string[];
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly region: string;
    readonly forcePathStyle: boolean;
  };
}
