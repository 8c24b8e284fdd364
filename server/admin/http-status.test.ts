import assert from 'node:assert/strict';
import test from 'node:test';
import { SqlState } from '../../common/errors.ts';
import { httpStatusOf, sqlStateOfStatus } from './http-status.ts';

test('SQLSTATEs become the statuses that HTTP has for them', () => {
  const expected: Partial<Record<keyof typeof SqlState, number>> = {
    syntaxError: 400,
    invalidParameterValue: 400,
    dataException: 400,
    invalidPassword: 401,
    insufficientPrivilege: 403,
    undefinedObject: 404,
    undefinedTable: 404,
    undefinedFunction: 404,
    duplicateObject: 409,
    duplicateFunction: 409,
    objectInUse: 409,
    serializationFailure: 409,
    programLimitExceeded: 413,
    featureNotSupported: 422,
    undefinedFile: 422,
    dataCorrupted: 422,
    internalError: 500,
    ioError: 500,
    systemError: 500,
    connectionFailure: 502,
    outOfMemory: 503,
    tooManyConnections: 503,
    queryCanceled: 503,
    adminShutdown: 503,
    diskFull: 507,
    idleSessionTimeout: 408,
  };
  const names = Object.keys(SqlState).filter((name): name is keyof typeof SqlState => name in SqlState);
  const checked = names.filter((name) => expected[name] !== undefined);
  assert.equal(checked.length, Object.keys(expected).length);
  for (const name of checked) assert.equal(httpStatusOf(SqlState[name]), expected[name], name);
  assert.equal(httpStatusOf('P0001'), 500);
});

test('every code is an error in HTTP too, and what Fastify refuses comes back with its own status', () => {
  for (const code of Object.values(SqlState)) {
    const status = httpStatusOf(code);
    assert.ok(status >= 400 && status < 600, code);
  }
  for (const status of [401, 403, 404, 408, 413, 503]) {
    assert.equal(httpStatusOf(sqlStateOfStatus(status)), status);
  }
  assert.equal(sqlStateOfStatus(400), SqlState.invalidParameterValue);
  assert.equal(sqlStateOfStatus(500), SqlState.internalError);
});
