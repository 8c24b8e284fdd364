import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';

export function invalidUri(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}

export function missing(uri: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.undefinedFile,
    message: `"${uri}" does not exist`,
    hint: 'Check the spelling; upper and lower case matter.',
  });
}

/** What is there is a folder, a pipe, a device … */
export class NotAFileError extends SqlensError {
  readonly found: 'folder' | 'other';

  constructor(uri: string, found: 'folder' | 'other') {
    super({
      sqlState: SqlState.wrongObjectType,
      message: `"${uri}" is not a regular file`,
      hint: 'Only files are read; a folder is listed by read_images or an image table.',
    });
    this.found = found;
  }
}

export function notAllowed(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.insufficientPrivilege, message, hint });
}

export function objectTooLarge(
  uri: string,
  size_bytes: number | undefined,
  maxSize_bytes: number,
): SqlensError {
  const size = size_bytes === undefined ? 'is' : `has ${size_bytes} bytes,`;
  return new SqlensError({
    sqlState: SqlState.programLimitExceeded,
    message: `"${uri}" ${size} larger than the limit of ${maxSize_bytes} bytes`,
    hint: 'Store a smaller object.',
  });
}

export function changed(uri: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.objectNotInPrerequisiteState,
    message: `"${uri}" has changed since it was listed`,
    hint: 'REFRESH TABLE lists the current objects.',
  });
}

export function unreachableHost(uri: string, host: string, cause: unknown, hint: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.connectionFailure,
    message: `"${uri}" cannot be reached at ${host}`,
    detail: messageOf(cause),
    hint,
    cause,
  });
}

/** The system's code of an error ("ENOENT"), also when a library wrapped it once. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  if ('cause' in error && error.cause !== error) return systemCode(error.cause);
  return undefined;
}
