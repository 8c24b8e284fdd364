import { Readable } from 'node:stream';
import type { S3Client, S3ClientConfig } from '@aws-sdk/client-s3';
import { SqlensError, SqlState } from '../../common/errors.ts';
import type { ImageObject, LocationPolicy, StoredBytes } from '../api.ts';
import { IDLE_TIMEOUT_MS, readBody, withinTime, withRetries } from './body.ts';
import { contentTypeOf, isImageName } from './content-type.ts';
import { changed, missing } from './errors.ts';
import { Glob, hasMagic, splitPattern, unescapeGlob } from './glob.ts';
import type { Location, ObjectStat, ReadOptions, WaitOptions } from './location.ts';
import { hivePartitions } from './partitions.ts';
import { s3Error } from './s3-errors.ts';
import { BucketPolicy, isS3Text, parseS3Uri, type S3Object, s3Uri } from './s3-uri.ts';

const CONNECT_TIMEOUT_MS = 5_000;
const ATTEMPTS = 4;

/** Loaded when the first S3 URI is met: it costs every process 100 ms and 20 MB. */
type Sdk = typeof import('@aws-sdk/client-s3');

interface Connection {
  readonly sdk: Sdk;
  readonly client: S3Client;
}

interface ListedKey {
  readonly key: string;
  readonly etag: string | undefined;
  readonly size_bytes: number;
  readonly lastModified: Date;
}

/** What of a bucket to list: everything under a prefix, and the rule for keys below its folder. */
interface Selection {
  readonly prefix: string;
  readonly base: readonly string[];
  readonly folder: string;
  readonly glob: Glob;
  readonly imagesOnly: boolean;
}

function versionOf(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '');
}

/**
 * Objects of S3 and whatever speaks its protocol. Credentials come from the SDK's usual chain (environment, profile,
 * instance role); where it finds none, requests go unsigned, so public buckets work. Objects are listed in the order
 * of the store, which for S3 is that of the keys' UTF-8 bytes.
 */
export class S3Location implements Location {
  readonly #policy: BucketPolicy;
  readonly #config: S3ClientConfig;
  readonly #endpoint: string | undefined;
  #connection: Promise<Connection> | undefined;

  constructor(policy: LocationPolicy) {
    this.#policy = new BucketPolicy(policy);
    this.#endpoint = policy.s3.endpoint;
    this.#config = {
      endpoint: policy.s3.endpoint,
      region: policy.s3.region,
      forcePathStyle: policy.s3.forcePathStyle,
      followRegionRedirects: true,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_TIMEOUT_MS, socketTimeout: IDLE_TIMEOUT_MS },
      // Services other than Amazon's do not know the newer checksums.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
    };
  }

  owns(text: string): boolean {
    return isS3Text(text);
  }

  canonicalUri(text: string): string {
    return s3Uri(parseS3Uri(text));
  }

  canonicalPattern(text: string): string {
    return s3Uri(parseS3Uri(text));
  }

  async *list(pattern: string, options: WaitOptions): AsyncGenerator<ImageObject, void, undefined> {
    const { bucket, key } = parseS3Uri(pattern);
    const isFolder = key === '' || key.endsWith('/');
    if (!isFolder) {
      const object = await this.#findExact({ bucket, key: hasMagic(key) ? key : unescapeGlob(key) }, options);
      if (object !== undefined) {
        yield object;
        return;
      }
    }
    const selection = hasMagic(key) ? globSelection(key) : folderSelection(unescapeGlob(key));
    this.#policy.check(s3Uri({ bucket, key: selection.prefix }));
    let isEmpty = true;
    for await (const listed of this.#keys(bucket, selection.prefix, options)) {
      isEmpty = false;
      const names = listed.key.slice(selection.folder.length).split('/');
      const name = names.pop() ?? '';
      // An empty name is the marker that some tools put in place of a folder.
      if (name === '' || (selection.imagesOnly && !isImageName(name))) continue;
      const folders = names.filter((folder) => folder !== '');
      if (!selection.glob.matches([...folders, name])) continue;
      yield imageObject(bucket, listed, hivePartitions(selection.base, folders));
    }
    if (isEmpty && !hasMagic(key) && key !== '') throw missing(s3Uri({ bucket, key }));
  }

  /** The object whose key is the text letter for letter: of all keys with that prefix it comes first. */
  async #findExact(object: S3Object, options: WaitOptions): Promise<ImageObject | undefined> {
    // Outside the policy it is neither found nor refused here: the listing that follows refuses it.
    this.#policy.check(
      s3Uri({
        bucket: object.bucket,
        key: hasMagic(object.key) ? globSelection(object.key).prefix : `${object.key}/`,
      }),
    );
    for await (const listed of this.#keys(object.bucket, object.key, options, 1)) {
      if (listed.key !== object.key) return undefined;
      const folders = object.key.split('/').slice(0, -1);
      this.#policy.check(s3Uri(object));
      return imageObject(object.bucket, listed, hivePartitions(folders, []));
    }
    return undefined;
  }

  async *#keys(
    bucket: string,
    prefix: string,
    options: WaitOptions,
    pageSize?: number,
  ): AsyncGenerator<ListedKey, void, undefined> {
    const { sdk, client } = await this.#connect();
    let token: string | undefined;
    do {
      options.signal?.throwIfAborted();
      const command = new sdk.ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: pageSize,
        ContinuationToken: token,
      });
      const page = await client.send(command, { abortSignal: options.signal }).catch((error: unknown) => {
        options.signal?.throwIfAborted();
        throw s3Error(s3Uri({ bucket, key: prefix }), bucket, this.#endpoint, error);
      });
      for (const { Key, ETag, Size, LastModified } of page.Contents ?? []) {
        if (Key === undefined) continue;
        yield { key: Key, etag: ETag, size_bytes: Size ?? 0, lastModified: LastModified ?? new Date(0) };
      }
      if (page.IsTruncated && page.NextContinuationToken === token) throw listingStuck(bucket);
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async stat(uri: string, options: WaitOptions): Promise<ObjectStat> {
    const { bucket, key } = parseS3Uri(uri);
    this.#policy.check(s3Uri({ bucket, key }));
    const { sdk, client } = await this.#connect();
    const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key });
    const head = await client.send(command, { abortSignal: options.signal }).catch((error: unknown) => {
      options.signal?.throwIfAborted();
      throw s3Error(uri, bucket, this.#endpoint, error);
    });
    return {
      version: versionOf(head.ETag),
      size_bytes: head.ContentLength ?? 0,
      lastModified: head.LastModified ?? new Date(0),
      contentType: head.ContentType ?? contentTypeOf(key),
    };
  }

  async read(uri: string, options: ReadOptions): Promise<StoredBytes> {
    const object = parseS3Uri(uri);
    this.#policy.check(s3Uri(object));
    const connection = await this.#connect();
    try {
      return await withinTime(uri, options, (signal) =>
        withRetries(() => readOnce(connection, object, options, signal), signal),
      );
    } catch (error) {
      options.signal?.throwIfAborted();
      throw s3Error(uri, object.bucket, this.#endpoint, error);
    }
  }

  close(): void {
    this.#connection?.then(({ client }) => client.destroy()).catch(() => undefined);
  }

  #connect(): Promise<Connection> {
    this.#connection ??= connect(this.#config);
    return this.#connection;
  }
}

async function connect(config: S3ClientConfig): Promise<Connection> {
  const sdk = await import('@aws-sdk/client-s3');
  const client = new sdk.S3Client(config);
  try {
    await client.config.credentials();
    return { sdk, client };
  } catch {
    client.destroy();
    // The SDK asks for credentials even when nothing is signed with them.
    const credentials = { accessKeyId: 'anonymous', secretAccessKey: '' };
    const signer = { sign: async <T>(request: T) => request };
    return { sdk, client: new sdk.S3Client({ ...config, credentials, signer }) };
  }
}

async function readOnce(
  { sdk, client }: Connection,
  object: S3Object,
  options: ReadOptions,
  signal: AbortSignal,
): Promise<StoredBytes> {
  const uri = s3Uri(object);
  const command = new sdk.GetObjectCommand({
    Bucket: object.bucket,
    Key: object.key,
    IfMatch: options.version === undefined ? undefined : `"${options.version}"`,
  });
  const response = await client.send(command, { abortSignal: signal });
  if (!(response.Body instanceof Readable)) throw new TypeError('S3 answered without a body');
  const version = versionOf(response.ETag);
  if (options.version !== undefined && version !== options.version) {
    response.Body.destroy();
    throw changed(uri);
  }
  const bytes = await readBody(uri, response.Body, response.ContentLength, options.maxSize_bytes, signal);
  return { bytes, version };
}

function globSelection(pattern: string): Selection {
  const { base, rest, literalPrefix, endsOpen } = splitPattern(pattern);
  const folder = base.map((name) => `${name}/`).join('');
  return { prefix: folder + literalPrefix, base, folder, glob: new Glob(rest), imagesOnly: endsOpen };
}

function folderSelection(key: string): Selection {
  const folder = key === '' || key.endsWith('/') ? key : `${key}/`;
  const base = folder.split('/').filter((name) => name !== '');
  return { prefix: folder, base, folder, glob: new Glob('**'), imagesOnly: true };
}

function imageObject(
  bucket: string,
  listed: ListedKey,
  partitions: ReadonlyMap<string, string>,
): ImageObject {
  return {
    uri: s3Uri({ bucket, key: listed.key }),
    version: versionOf(listed.etag),
    size_bytes: listed.size_bytes,
    lastModified: listed.lastModified,
    contentType: contentTypeOf(listed.key),
    partitions,
  };
}

function listingStuck(bucket: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.ioError,
    message: `the S3 service gives the same page of the bucket "${bucket}" again and again`,
    hint: 'The service does not implement ListObjectsV2 correctly.',
  });
}
