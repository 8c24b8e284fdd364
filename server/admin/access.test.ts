import assert from 'node:assert/strict';
import type { IncomingHttpHeaders } from 'node:http';
import test from 'node:test';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { isLoopback } from '../../common/loopback.ts';
import { createAccessCheck } from './access.ts';

function codeOf(check: () => unknown): string {
  try {
    check();
    return 'passes';
  } catch (error) {
    assert.ok(error instanceof SqlensError);
    assert.notEqual(error.hint, undefined);
    return error.sqlState;
  }
}

test('loopback is 127/8, ::1 and localhost, and nothing that only looks like it', () => {
  for (const host of [
    '127.0.0.1',
    '127.9.8.7',
    '::1',
    '0:0:0:0:0:0:0:1',
    'localhost',
    'LOCALHOST',
    'a.localhost',
  ]) {
    assert.ok(isLoopback(host), host);
  }
  const others = [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '1270.0.1',
    '',
  ];
  for (const host of others) assert.ok(!isLoopback(host), host);
});

test('without a token only loopback may be listened on', () => {
  for (const host of ['0.0.0.0', '::', '192.168.1.4', 'sqlens.example']) {
    assert.equal(
      codeOf(() => createAccessCheck(host, undefined)),
      SqlState.invalidParameterValue,
    );
    assert.equal(
      codeOf(() => createAccessCheck(host, 'secret-enough')),
      'passes',
    );
  }
  assert.equal(
    codeOf(() => createAccessCheck('localhost', undefined)),
    'passes',
  );
});

test('a token that no header can carry is refused at start', () => {
  for (const token of ['', 'two words', 'naïve', 'line\nbreak', 'x'.repeat(1025)]) {
    assert.equal(
      codeOf(() => createAccessCheck('127.0.0.1', token)),
      SqlState.invalidParameterValue,
      token,
    );
  }
});

test('with a token, everything but health and documents needs it', () => {
  const check = createAccessCheck('0.0.0.0', 'sesame-123');
  const ask = (route: string | undefined, authorization?: string) =>
    codeOf(() => check({ method: 'GET', route, headers: { host: 'sqlens.example', authorization } }));
  for (const route of ['/', '/healthz', '/readyz', '/docs', '/docs/json', '/docs/static/*']) {
    assert.equal(ask(route), 'passes', route);
  }
  for (const route of ['/metrics', '/v1/models', '/v1/queries/:id', '/docsx', undefined]) {
    assert.equal(ask(route), SqlState.invalidAuthorizationSpecification, route);
    assert.equal(ask(route, 'Bearer sesame-123'), 'passes', route);
    assert.equal(ask(route, 'bearer   sesame-123 '), 'passes', route);
  }
  const wrong = [
    'Bearer',
    'Bearer ',
    'Bearer sesame-12',
    'Bearer sesame-1234',
    'Bearer SESAME-123',
    'sesame-123',
  ];
  for (const header of [
    ...wrong,
    'Basic sesame-123',
    'Bearer sesame-123, Bearer x',
    `Bearer ${'x'.repeat(2000)}`,
  ]) {
    assert.equal(ask('/metrics', header), SqlState.invalidAuthorizationSpecification, header);
  }
});

test('without a token, the Host header must name loopback', () => {
  const check = createAccessCheck('127.0.0.1', undefined);
  const ask = (host: string | undefined) =>
    codeOf(() => check({ method: 'GET', route: '/v1/models', headers: { host } }));
  for (const host of ['localhost', 'localhost:8080', '127.0.0.1:1', '127.1.2.3', '[::1]', '[::1]:8080']) {
    assert.equal(ask(host), 'passes', host);
  }
  const rebound = [
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost@evil.example',
    '10.0.0.1',
  ];
  for (const host of [
    ...rebound,
    '',
    '::1',
    '[::1',
    '[::2]:8080',
    'localhost:80:80',
    'localhost evil',
    undefined,
  ]) {
    assert.equal(ask(host), SqlState.insufficientPrivilege, host);
  }
});

test('without a token, pages of other sites are refused and our own are served', () => {
  const check = createAccessCheck('127.0.0.1', undefined);
  const ask = (method: string, headers: IncomingHttpHeaders) =>
    codeOf(() => check({ method, route: '/v1/models', headers: { host: 'localhost:8080', ...headers } }));
  const passes: [string, IncomingHttpHeaders][] = [
    ['POST', {}],
    ['POST', { origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }],
    ['DELETE', { origin: 'http://LOCALHOST:8080' }],
    ['GET', { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }],
    ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ];
  for (const [method, headers] of passes)
    assert.equal(ask(method, headers), 'passes', JSON.stringify(headers));
  const refused: [string, IncomingHttpHeaders][] = [
    ['POST', { origin: 'https://evil.example' }],
    ['POST', { origin: 'null' }],
    ['POST', { origin: '' }],
    // Another program's page on this machine is another site.
    ['POST', { origin: 'http://localhost:3000' }],
    ['POST', { origin: 'http://localhost' }],
    ['POST', { origin: 'https://localhost:8080' }],
    ['POST', { origin: 'http://localhost:8080.evil.example' }],
    ['GET', { origin: 'https://evil.example' }],
    ['GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
    ['POST', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }],
  ];
  for (const [method, headers] of refused) {
    assert.equal(ask(method, headers), SqlState.insufficientPrivilege, JSON.stringify(headers));
  }
});

test('where SQL asks for passwords, being on this machine is not enough for HTTP either', () => {
  const check = createAccessCheck('127.0.0.1', undefined, true);
  const headers = { host: '127.0.0.1:8080' };
  for (const route of ['/', '/healthz', '/readyz', '/docs', '/docs/json']) {
    assert.equal(
      codeOf(() => check({ method: 'GET', route, headers })),
      'passes',
    );
  }
  for (const route of ['/v1/models', '/v1/queries', '/metrics', undefined]) {
    assert.equal(
      codeOf(() => check({ method: 'GET', route, headers })),
      SqlState.invalidAuthorizationSpecification,
    );
  }
  assert.equal(
    codeOf(() => check({ method: 'GET', route: '/healthz', headers: { host: 'evil.example' } })),
    SqlState.insufficientPrivilege,
  );
});
