import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import { isTransient } from './body.ts';
import { changed, missing, notAllowed, systemCode, unreachableHost } from './errors.ts';

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}

/** An error of the S3 client as the user should see it. */
export function s3Error(uri: string, bucket: string, endpoint: string | undefined, error: unknown): unknown {
  if (error instanceof SqlensError) return error;
  const name = error instanceof Error ? error.name : '';
  const status = statusOf(error);
  if (name === 'NoSuchBucket') {
    return new SqlensError({
      sqlState: SqlState.undefinedFile,
      message: `the bucket "${bucket}" does not exist`,
      hint: endpoint === undefined ? 'Check its name and the region.' : `It was looked for at ${endpoint}.`,
      cause: error,
    });
  }
  if (status === 404) return missing(uri);
  if (status === 412) return changed(uri);
  if (name === 'CredentialsProviderError' || status === 401 || status === 403) {
    return notAllowed(
      `S3 refuses access to "${uri}" (${name})`,
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the server to credentials that may read it.',
    );
  }
  const code = systemCode(error);
  if (isTransient(error) || code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'EHOSTUNREACH') {
    const host = endpoint ?? 'Amazon S3';
    return unreachableHost(uri, host, error, 'Check AWS_ENDPOINT_URL, the region and the network.');
  }
  return new SqlensError({
    sqlState: SqlState.ioError,
    message: `"${uri}" cannot be read from S3: ${messageOf(error) || name}`,
    hint: 'Try again; if it persists, look at the log of the S3 service.',
    cause: error,
  });
}
