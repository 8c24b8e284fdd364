import assert from 'node:assert/strict';
import test from 'node:test';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { startApp } from './testing/app.ts';
import { someModel, someQuery } from './testing/fake-backend.ts';

test('models are listed and shown as the backend has them', async (t) => {
  const { app } = await startApp(t);
  const list = await app.inject('/v1/models');
  assert.equal(list.statusCode, 200);
  assert.deepEqual(list.json(), { models: [someModel], truncated: false });
  const one = await app.inject('/v1/models/moderate');
  assert.deepEqual(one.json(), someModel);
  const none = await app.inject('/v1/models/no%20such');
  assert.equal(none.statusCode, 404);
  assert.deepEqual(none.json(), {
    error: {
      sqlstate: '42704',
      message: 'model "no such" does not exist',
      hint: 'GET /v1/models lists the models.',
      position: null,
    },
  });
});

test('versions are listed, made the default and dropped', async (t) => {
  const { app, backend } = await startApp(t);
  const list = await app.inject('/v1/models/moderate/versions');
  assert.deepEqual(
    list.json().versions.map(({ version }: { version: number }) => version),
    [1, 0],
  );
  assert.equal((await app.inject('/v1/models/none/versions')).statusCode, 404);
  const change = (name: string, payload: object) =>
    app.inject({ method: 'PATCH', url: `/v1/models/${name}`, payload });
  const changed = await change('moderate', { default_version: 7 });
  assert.deepEqual([changed.statusCode, changed.json().version], [200, 7]);
  assert.equal((await change('none', { default_version: 7 })).statusCode, 404);
  for (const payload of [
    {},
    { default_version: 0 },
    { default_version: 1.5 },
    { default_version: 2 ** 31 },
  ]) {
    assert.equal((await change('moderate', payload)).statusCode, 400, JSON.stringify(payload));
  }
  const drop = (path: string) => app.inject({ method: 'DELETE', url: `/v1/models/${path}` });
  assert.equal((await drop('moderate/versions/3')).statusCode, 204);
  assert.equal((await drop('moderate/versions/x')).statusCode, 400);
  assert.equal((await drop('none/versions/3')).statusCode, 404);
  assert.deepEqual(backend.dropped, [['moderate', 3]]);
});

test('a model is created from a URI with all its options', async (t) => {
  const { app, backend } = await startApp(t);
  const options = {
    preprocess: 'unit',
    labels: ['a', "b'c"],
    top_k: 3,
    output: 'dense_1',
    batch_size: 8,
    device: 'cpu',
  };
  const response = await app.inject({
    method: 'POST',
    url: '/v1/models',
    payload: {
      name: 'straße 1',
      uri: 's3://m/x.h5',
      function: 'f',
      returns: 'VARCHAR',
      replace: true,
      options,
    },
  });
  assert.equal(response.statusCode, 201);
  assert.equal(response.headers.location, '/v1/models/stra%C3%9Fe%201');
  assert.equal(response.json().name, 'straße 1');
  assert.deepEqual(backend.created, [
    {
      name: 'straße 1',
      source: { kind: 'uri', uri: 's3://m/x.h5' },
      functionName: 'f',
      returns: 'VARCHAR',
      options,
      replace: true,
      user: 'http',
    },
  ]);
  const shown = await app.inject(`${response.headers.location}`);
  assert.equal(shown.statusCode, 200);
});

test('a request that does not fit its schema says where, and reaches no backend', async (t) => {
  const { app, backend } = await startApp(t);
  const good = { name: 'm', uri: 's3://m/x.h5' };
  const bad: [unknown, RegExp][] = [
    [{ uri: 'x' }, /must have name/],
    [{ name: 'm' }, /must have uri/],
    [{ ...good, name: '' }, /^name /],
    [{ ...good, name: 'a\u0000b' }, /^name /],
    [{ ...good, name: 'n'.repeat(129) }, /^name /],
    [{ ...good, uri: 7 }, /^uri must be string/],
    [{ ...good, nome: 'm' }, /^nome is not known here/],
    [{ ...good, replace: 'yes' }, /^replace must be boolean/],
    [{ ...good, returns: 'FLOAT) OPTIONS (x' }, /^returns must match pattern/],
    [{ ...good, returns: 'FLOAT[3] OPTIONS (x)' }, /^returns must match pattern/],
    [{ ...good, options: { preprocess: 'caffeine' } }, /^options.preprocess must be one of none,unit/],
    [{ ...good, options: { top_k: '5' } }, /^options.top_k must be integer/],
    [{ ...good, options: { top_k: 0 } }, /^options.top_k /],
    [{ ...good, options: { labels: [1] } }, /^options.labels/],
    [{ ...good, options: { labels: [] } }, /^options.labels/],
    [{ ...good, options: { colour: 1 } }, /^options.colour is not known here/],
    [[good], /^the request must be object/],
    ['text', /^the request must be object/],
    [null, /^the request must be object/],
  ];
  for (const [payload, message] of bad) {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/models',
      headers: { 'content-type': 'application/json' },
      payload: JSON.stringify(payload),
    });
    assert.equal(response.statusCode, 400, JSON.stringify(payload));
    const { error } = response.json();
    assert.equal(error.sqlstate, '22023');
    assert.match(error.message, message, JSON.stringify(payload));
  }
  assert.equal(backend.created.length, 0);
});

test('bodies of other kinds are refused with what to send instead', async (t) => {
  const { app, backend } = await startApp(t, { limits: { jsonBody_bytes: 1000 } });
  const post = (type: string | undefined, payload: string) =>
    app.inject({
      method: 'POST',
      url: '/v1/models',
      headers: type === undefined ? {} : { 'content-type': type },
      payload,
    });
  const text = '{"name":"m","uri":"x"}';
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', undefined]) {
    const response = await post(type, text);
    assert.equal(response.statusCode, 415, type);
    assert.match(response.json().error.hint, /application\/json/);
  }
  assert.equal((await post('application/json', '{"name"')).statusCode, 400);
  assert.equal((await post('application/json', '')).statusCode, 400);
  assert.equal(
    (await post('application/json', '{"__proto__":{"x":1},"name":"m","uri":"x"}')).statusCode,
    400,
  );
  const large = await post('application/json', JSON.stringify({ name: 'm', uri: 'x'.repeat(1000) }));
  assert.equal(large.statusCode, 413);
  assert.equal(large.json().error.sqlstate, '54000');
  const none = await app.inject({ method: 'POST', url: '/v1/models' });
  assert.equal(none.statusCode, 400);
  assert.equal(backend.created.length, 0);
});

test('models are dropped once', async (t) => {
  const { app, backend } = await startApp(t);
  const first = await app.inject({ method: 'DELETE', url: '/v1/models/moderate' });
  assert.equal(first.statusCode, 204);
  assert.equal(first.body, '');
  assert.equal(backend.rows.size, 0);
  const second = await app.inject({ method: 'DELETE', url: '/v1/models/moderate' });
  assert.equal(second.statusCode, 404);
  assert.equal(second.json().error.position, 12);
  assert.equal(second.json().error.hint, null);
});

test('functions, tables and statements are listed', async (t) => {
  const { app } = await startApp(t);
  const functions = (await app.inject('/v1/functions')).json();
  assert.deepEqual(
    functions.functions.map((fn: { name: string; model: string | null }) => [fn.name, fn.model]),
    [
      ['moderate', 'moderate'],
      ['image_info', null],
    ],
  );
  const tables = (await app.inject('/v1/tables')).json();
  assert.deepEqual(tables.tables[0].uris, ['s3://b/p/']);
  assert.equal(tables.truncated, true);
  assert.deepEqual((await app.inject('/v1/queries')).json(), { queries: [someQuery] });
});

test('a running statement is cancelled, another is not found', async (t) => {
  const { app, backend } = await startApp(t);
  const response = await app.inject({ method: 'DELETE', url: '/v1/queries/3-17' });
  assert.equal(response.statusCode, 202);
  assert.deepEqual(response.json(), { query_id: '3-17' });
  const other = await app.inject({ method: 'DELETE', url: '/v1/queries/3-18' });
  assert.equal(other.statusCode, 404);
  assert.deepEqual(backend.cancelled, ['3-17']);
});

test('health is the process, readiness is the backend', async (t) => {
  const { app, backend } = await startApp(t);
  assert.equal((await app.inject('/healthz')).json().status, 'ok');
  const ready = await app.inject('/readyz');
  assert.deepEqual([ready.statusCode, ready.json()], [200, { ready: true, reasons: [] }]);
  backend.readiness = { ready: false, reasons: ['no worker is up'] };
  const waiting = await app.inject('/readyz');
  assert.deepEqual([waiting.statusCode, waiting.json()], [503, backend.readiness]);
  backend.failure = new Error('secret detail');
  const failed = await app.inject('/readyz');
  assert.equal(failed.statusCode, 503);
  assert.doesNotMatch(failed.body, /secret/);
  assert.equal((await app.inject('/healthz')).statusCode, 200);
});

test('errors of the backend keep their SQLSTATE; anything else says nothing and is logged', async (t) => {
  const { app, backend, logger } = await startApp(t);
  backend.failure = new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: 'layer "lambda" (Lambda) is not supported',
    hint: 'Replace it.',
  });
  const known = await app.inject('/v1/models');
  assert.equal(known.statusCode, 422);
  assert.deepEqual(known.json().error, {
    sqlstate: '0A000',
    message: 'layer "lambda" (Lambda) is not supported',
    hint: 'Replace it.',
    position: null,
  });
  backend.failure = new TypeError('/home/ada/secret.key is undefined');
  const unknown = await app.inject('/v1/functions');
  assert.equal(unknown.statusCode, 500);
  assert.equal(unknown.json().error.message, 'internal error');
  assert.doesNotMatch(unknown.body, /secret/);
  const faults = logger.lines.filter(({ level }) => level === 'error');
  assert.deepEqual(
    faults.map(({ fields }) => [fields.route, fields.err]),
    [['/v1/functions', backend.failure]],
  );
});

test('a request that takes too long is answered, and its work is stopped', async (t) => {
  const { app, backend } = await startApp(t, { limits: { answer_timeout_ms: 30 } });
  backend.hold = new Promise(() => undefined);
  const response = await app.inject('/v1/models');
  assert.equal(response.statusCode, 503);
  assert.equal(response.json().error.sqlstate, '57014');
  assert.equal(backend.aborted.length, 1);
});

test('no more requests are let in than the limit says', async (t) => {
  const { app, backend } = await startApp(t, { limits: { maxRequests: 2 } });
  let release = () => {};
  backend.hold = new Promise((resolve) => {
    release = resolve;
  });
  // An injected request starts when it is awaited.
  const held = ['/v1/models', '/v1/tables'].map((url) => app.inject(url).then((response) => response));
  const third = await app.inject('/v1/queries');
  assert.equal(third.statusCode, 503);
  assert.equal(third.json().error.sqlstate, '53300');
  release();
  assert.deepEqual(
    (await Promise.all(held)).map((response) => response.statusCode),
    [200, 200],
  );
  assert.equal((await app.inject('/v1/queries')).statusCode, 200);
});

test('the root leads to the documents, other places to a JSON 404', async (t) => {
  const { app } = await startApp(t);
  const root = await app.inject('/');
  assert.deepEqual([root.statusCode, root.headers.location], [302, '/docs']);
  for (const url of [
    '/v2/models',
    '/v1/models/a/b',
    '/..%2f..%2fetc/passwd',
    '/docs/static/..%2f..%2fpackage.json',
  ]) {
    const response = await app.inject(url);
    assert.equal(response.statusCode, 404, url);
    assert.equal(response.json().error.sqlstate, '42704', url);
  }
  const malformed = await app.inject('/v1/models/%ff');
  assert.equal(malformed.statusCode, 400);
  assert.equal(malformed.json().error.sqlstate, '22023');
});

test('the access rules hold on every route, and the token is never logged', async (t) => {
  const { app, logger } = await startApp(t, { token: 'open-sesame' });
  const { paths } = (await app.inject('/docs/json')).json();
  const isPublic = new Set(['/healthz', '/readyz']);
  let guarded = 0;
  for (const [path, item] of Object.entries(paths)) {
    for (const method of Object.keys(Object(item))) {
      const url = path.replaceAll(/\{\w+\}/g, 'x');
      const upper = method === 'get' ? 'GET' : method === 'post' ? 'POST' : 'DELETE';
      const without = await app.inject({ method: upper, url });
      if (isPublic.has(path)) {
        assert.equal(without.statusCode, 200, path);
        continue;
      }
      guarded++;
      assert.equal(without.statusCode, 401, `${method} ${path}`);
      assert.equal(without.headers['www-authenticate'], 'Bearer realm="sqlens"');
      const authorization = 'Bearer open-sesame';
      const withToken = await app.inject({ method: upper, url, headers: { authorization } });
      assert.notEqual(withToken.statusCode, 401, `${method} ${path}`);
    }
  }
  assert.ok(guarded >= 9, `${guarded} guarded operations`);
  await app.inject({ url: '/v1/models?token=open-sesame', headers: { authorization: 'Bearer open-sesame' } });
  assert.doesNotMatch(JSON.stringify(logger.lines), /sesame/);
});

test('a rebound name and a foreign page get 403, also for what is public', async (t) => {
  const { app, backend } = await startApp(t);
  for (const url of ['/v1/models', '/metrics', '/healthz', '/docs', '/nowhere']) {
    const rebound = await app.inject({ url, headers: { host: 'evil.example:8080' } });
    assert.equal(rebound.statusCode, 403, url);
    assert.equal(rebound.json().error.sqlstate, '42501');
  }
  const form = await app.inject({
    method: 'POST',
    url: '/v1/models',
    headers: { origin: 'https://evil.example', 'content-type': 'multipart/form-data; boundary=b' },
    payload: '--b\r\ncontent-disposition: form-data; name="name"\r\n\r\nm\r\n--b--\r\n',
  });
  assert.equal(form.statusCode, 403);
  assert.equal(backend.created.length, 0);
  const drop = await app.inject({
    method: 'DELETE',
    url: '/v1/models/moderate',
    headers: { origin: 'null' },
  });
  assert.equal(drop.statusCode, 403);
  assert.equal(backend.rows.size, 1);
});

test('every request leaves one line with its method, route, status and time', async (t) => {
  const { app, logger } = await startApp(t);
  await app.inject('/v1/models/moderate?x=1');
  await app.inject({ method: 'DELETE', url: '/v1/queries/9' });
  await app.inject('/nowhere');
  const lines = logger.lines.map(({ level, fields, message }) => ({
    ...fields,
    ms: typeof fields.ms,
    level,
    message,
  }));
  assert.deepEqual(lines, [
    {
      method: 'GET',
      route: '/v1/models/:name',
      status: 200,
      ms: 'number',
      level: 'info',
      message: 'request',
    },
    {
      method: 'DELETE',
      route: '/v1/queries/:id',
      status: 404,
      ms: 'number',
      level: 'info',
      message: 'request',
    },
    { method: 'GET', route: 'unknown', status: 404, ms: 'number', level: 'info', message: 'request' },
  ]);
});

test('answers are not cached, sniffed or framed', async (t) => {
  const { app } = await startApp(t);
  for (const url of ['/v1/models', '/docs', '/nowhere']) {
    const { headers } = await app.inject(url);
    assert.equal(headers['x-content-type-options'], 'nosniff', url);
    assert.equal(headers['x-frame-options'], 'DENY', url);
    assert.equal(headers['cache-control'], 'no-store', url);
  }
});
