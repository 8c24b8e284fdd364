import assert from 'node:assert/strict';
import test from 'node:test';
import { startApp } from './testing/app.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Fields = { readonly [key: string]: Json };

function fieldsOf(value: Json | undefined): Fields {
  assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value), `not an object: ${value}`);
  return Object(value);
}

async function documentOf(t: test.TestContext, token?: string): Promise<Fields> {
  const { app } = await startApp(t, token === undefined ? {} : { token });
  return fieldsOf((await app.inject('/docs/json')).json());
}

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

function operationsOf(document: Fields): [string, Fields][] {
  return Object.entries(fieldsOf(document.paths)).flatMap(([path, item]) =>
    Object.entries(fieldsOf(item)).map(([method, operation]): [string, Fields] => {
      assert.ok(METHODS.includes(method), method);
      return [`${method.toUpperCase()} ${path}`, fieldsOf(operation)];
    }),
  );
}

/** Every schema says what it is: no empty object stands for "anything". */
function checkSchema(schema: Json | undefined, place: string): void {
  const fields = fieldsOf(schema);
  const says = ['type', 'enum', 'const', 'anyOf'].filter((key) => key in fields);
  assert.ok(says.length > 0, `${place} says nothing: ${JSON.stringify(schema)}`);
  if (fields.properties !== undefined) {
    for (const [name, property] of Object.entries(fieldsOf(fields.properties))) {
      checkSchema(property, `${place}.${name}`);
    }
  }
  if (fields.items !== undefined) checkSchema(fields.items, `${place}[]`);
  if (Array.isArray(fields.anyOf)) {
    for (const member of fields.anyOf) checkSchema(member, `${place}|`);
  }
}

test('the document describes every route that there is', async (t) => {
  const operations = operationsOf(await documentOf(t));
  assert.deepEqual(operations.map(([name]) => name).sort(), [
    'DELETE /v1/models/{name}',
    'DELETE /v1/models/{name}/versions/{version}',
    'DELETE /v1/queries/{id}',
    'GET /healthz',
    'GET /metrics',
    'GET /readyz',
    'GET /v1/functions',
    'GET /v1/models',
    'GET /v1/models/{name}',
    'GET /v1/models/{name}/versions',
    'GET /v1/queries',
    'GET /v1/tables',
    'PATCH /v1/models/{name}',
    'POST /v1/models',
  ]);
});

test('every operation has an id, a summary, its parameters, and schemas for all it takes and gives', async (t) => {
  const document = await documentOf(t);
  assert.equal(document.openapi, '3.1.0');
  assert.ok(fieldsOf(document.info).title && fieldsOf(document.info).version);
  const ids = new Set<Json | undefined>();
  for (const [name, operation] of operationsOf(document)) {
    assert.equal(typeof operation.summary, 'string', name);
    ids.add(operation.operationId);
    const placeholders = [...name.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const parameters = Array.isArray(operation.parameters) ? operation.parameters.map(fieldsOf) : [];
    assert.deepEqual(
      parameters.map((parameter) => parameter.name),
      placeholders,
      name,
    );
    for (const parameter of parameters) {
      assert.equal(parameter.in, 'path');
      assert.equal(parameter.required, true);
      checkSchema(parameter.schema, name);
    }
    const responses = fieldsOf(operation.responses);
    assert.ok(
      Object.keys(responses).some((status) => status.startsWith('2')),
      name,
    );
    assert.ok('4XX' in responses, name);
    for (const [status, response] of Object.entries(responses)) {
      assert.match(status, /^([1-5]\d\d|[1-5]XX|default)$/);
      const { description, content } = fieldsOf(response);
      assert.equal(typeof description, 'string', `${name} ${status}`);
      if (status === '204') continue;
      for (const [type, media] of Object.entries(fieldsOf(content))) {
        checkSchema(fieldsOf(media).schema, `${name} ${status} ${type}`);
      }
    }
  }
  assert.equal(ids.size, operationsOf(document).length);
});

test('a model may be sent as JSON or as a file', async (t) => {
  const [, create] = operationsOf(await documentOf(t)).find(([name]) => name === 'POST /v1/models') ?? [];
  const content = fieldsOf(fieldsOf(create?.requestBody).content);
  assert.deepEqual(Object.keys(content).sort(), ['application/json', 'multipart/form-data']);
  for (const [type, media] of Object.entries(content)) checkSchema(fieldsOf(media).schema, type);
  const upload = fieldsOf(fieldsOf(content['multipart/form-data']).schema);
  assert.deepEqual(fieldsOf(fieldsOf(upload.properties).file).format, 'binary');
  assert.deepEqual(upload.required, ['name', 'file']);
});

test('the token is in the document when there is one, and only then', async (t) => {
  const open = await documentOf(t);
  assert.equal(open.security, undefined);
  const guarded = await documentOf(t, 'open-sesame');
  assert.deepEqual(guarded.security, [{ token: [] }]);
  assert.deepEqual(fieldsOf(fieldsOf(guarded.components).securitySchemes), {
    token: { type: 'http', scheme: 'bearer' },
  });
  for (const [name, operation] of operationsOf(guarded)) {
    const isPublic = name === 'GET /healthz' || name === 'GET /readyz';
    assert.deepEqual(operation.security, isPublic ? [] : undefined, name);
  }
  assert.doesNotMatch(JSON.stringify(guarded), /sesame/);
});

test('the page and all it loads come from here', async (t) => {
  const { app } = await startApp(t);
  const page = await app.inject('/docs');
  assert.equal(page.statusCode, 200);
  assert.match(`${page.headers['content-type']}`, /^text\/html/);
  const policy = `${page.headers['content-security-policy']}`;
  assert.match(policy, /script-src 'self';/);
  // Over plain HTTP on another host this would make the page fetch from where nobody listens.
  assert.doesNotMatch(policy, /upgrade-insecure-requests|https?:/);
  const loaded = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => `${url}`);
  assert.ok(loaded.length >= 4, page.body);
  for (const url of loaded) {
    assert.doesNotMatch(url, /^(https?:)?\/\//);
    const file = await app.inject(new URL(url, 'http://localhost/docs').pathname);
    assert.equal(file.statusCode, 200, url);
  }
  assert.doesNotMatch(page.body, /<script(?![^>]*\ssrc=)/);
});
