/** SQLSTATE → HTTP status, and back for what Fastify itself refuses. The only place where either is chosen. */
import { SqlState } from '../../common/errors.ts';

/** Codes that differ from the rest of their class. */
const STATUS_BY_CODE: ReadonlyMap<string, number> = new Map([
  [SqlState.insufficientPrivilege, 403],
  [SqlState.undefinedObject, 404],
  [SqlState.undefinedFunction, 404],
  [SqlState.undefinedTable, 404],
  [SqlState.duplicateObject, 409],
  [SqlState.duplicateFunction, 409],
  [SqlState.duplicateTable, 409],
  // The request is well-formed, but the file it names is missing or cannot be used.
  [SqlState.undefinedFile, 422],
  [SqlState.dataCorrupted, 422],
  [SqlState.diskFull, 507],
  [SqlState.idleSessionTimeout, 408],
]);

/** By the first two characters. What is not here is a fault of ours: 500. */
const STATUS_BY_CLASS: ReadonlyMap<string, number> = new Map([
  ['08', 502], // a store or server that we read from
  ['0A', 422],
  ['21', 400],
  ['22', 400],
  ['23', 409],
  ['25', 409],
  ['26', 400],
  ['28', 401],
  ['34', 400],
  ['3D', 404],
  ['3F', 404],
  ['40', 409],
  ['42', 400],
  ['53', 503],
  ['54', 413],
  ['55', 409],
  ['57', 503],
]);

export function httpStatusOf(sqlState: string): number {
  return STATUS_BY_CODE.get(sqlState) ?? STATUS_BY_CLASS.get(sqlState.slice(0, 2)) ?? 500;
}

const CODE_BY_STATUS: ReadonlyMap<number, SqlState> = new Map([
  [401, SqlState.invalidAuthorizationSpecification],
  [403, SqlState.insufficientPrivilege],
  [404, SqlState.undefinedObject],
  [405, SqlState.featureNotSupported],
  [406, SqlState.featureNotSupported],
  [408, SqlState.idleSessionTimeout],
  [413, SqlState.programLimitExceeded],
  [414, SqlState.programLimitExceeded],
  [415, SqlState.featureNotSupported],
  [431, SqlState.programLimitExceeded],
  [503, SqlState.cannotConnectNow],
]);

/** The code for a request that never reached the backend. */
export function sqlStateOfStatus(status: number): SqlState {
  return (
    CODE_BY_STATUS.get(status) ??
    (status >= 400 && status < 500 ? SqlState.invalidParameterValue : SqlState.internalError)
  );
}
