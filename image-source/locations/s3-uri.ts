import type { LocationPolicy } from '../api.ts';
import { invalidUri, notAllowed } from './errors.ts';

/** Spark and Hadoop write s3a and s3n; all three name the same objects. */
const S3_URI = /^s3[an]?:\/\/([^/]*)\/?(.*)$/su;
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i;
const MAX_KEY_BYTES = 1_024;

/** Keys are taken letter for letter: an s3 URI has no percent-encoding, as in the tools of S3 itself. */
export interface S3Object {
  readonly bucket: string;
  readonly key: string;
}

export function isS3Text(text: string): boolean {
  return /^s3[an]?:\/\//i.test(text);
}

/** @throws SqlensError 22023 for a bucket or key that S3 could not have */
export function parseS3Uri(text: string): S3Object {
  const [, bucket = '', key = ''] = S3_URI.exec(text.replace(/^s3[an]?:/i, 's3:')) ?? [];
  if (!BUCKET.test(bucket)) {
    throw invalidUri(
      `"${text}" has no valid bucket name`,
      'Write s3://bucket/key; a bucket cannot be a pattern.',
    );
  }
  if (key.includes('\0') || /\p{Surrogate}/u.test(key) || Buffer.byteLength(key) > MAX_KEY_BYTES) {
    throw invalidUri(
      `"${text.slice(0, 80)}" is not a possible key`,
      `Keys have up to ${MAX_KEY_BYTES} bytes of UTF-8.`,
    );
  }
  // HTTP clients and servers fold these away, and another object than the one that was checked would be read.
  if (key.split('/').some((name) => name === '.' || name === '..')) {
    throw invalidUri(`"${text}" contains "." or ".." as a folder`, 'Write the key without them.');
  }
  return { bucket, key };
}

export function s3Uri(object: S3Object): string {
  return `s3://${object.bucket}/${object.key}`;
}

/** Which buckets and prefixes may be read; everything when the policy names none. */
export class BucketPolicy {
  readonly #allowed: readonly string[] | undefined;

  constructor(policy: LocationPolicy) {
    this.#allowed = policy.allowedBuckets?.map((uri) => {
      const { bucket, key } = parseS3Uri(uri);
      return s3Uri({ bucket, key: key === '' || key.endsWith('/') ? key : `${key}/` });
    });
  }

  /**
   * @param uri an object, or the prefix that everything to be listed begins with
   * @throws SqlensError 42501
   */
  check(uri: string): void {
    if (this.#allowed === undefined || this.#allowed.some((prefix) => uri.startsWith(prefix))) return;
    throw notAllowed(
      `"${uri}" is outside the buckets that may be read`,
      `The server allows ${this.#allowed.join(', ') || 'no bucket'}.`,
    );
  }
}
