import assert from 'node:assert/strict';
import test from 'node:test';
import { parseCreateModel } from '../query/ddl/create-model.ts';
import { splitStatements, tokenize } from '../query/text/tokens.ts';
import type { CreateModel } from './api.ts';
import { createModelStatement, dropModelStatement } from './model-statement.ts';

const plain: CreateModel = {
  name: 'm',
  source: { kind: 'uri', uri: 'unused' },
  functionName: undefined,
  returns: undefined,
  options: {},
  replace: false,
  user: 'http',
};

/** The statement as the engine's own parser reads it. */
function read(request: CreateModel, uri: string) {
  const sql = createModelStatement(request, uri);
  assert.equal(splitStatements(sql).length, 1, sql);
  const definition = parseCreateModel(tokenize(sql));
  // Where things stand in the text is no part of what they say.
  const { nameToken: _, sourceToken: __, returnsToken: ___, options: all, ...rest } = definition;
  const { labelsToken: ____, text, resize, ...options } = all;
  const { tokens: _____, ...said } = text;
  return { ...rest, options: { ...options, resize: resize.method, text: said } };
}

test('the engine reads what the request says', () => {
  assert.deepEqual(read(plain, 's3://b/m.h5'), {
    name: 'm',
    functionName: 'm',
    source: 's3://b/m.h5',
    returns: undefined,
    options: read(plain, 'x').options,
    replace: false,
    ifNotExists: false,
  });
  const options = {
    preprocess: 'torch',
    labels: ['a', 'b'],
    top_k: 7,
    output: 'dense',
    batch_size: 16,
    device: 'cpu',
    tokenizer: "it's.json",
    max_length: 64,
    pooling: 'cls',
    normalize: false,
    architecture: 'VGG16',
    resize: 'pad',
    interpolation: 'area',
  } as const;
  const full = { ...plain, functionName: 'f', returns: 'FLOAT[3][4]', replace: true } as const;
  assert.deepEqual(
    read({ ...full, options: { ...options, labels: ['a', 'b'], input_shape: [64, 48, 3] } }, 'x'),
    {
      name: 'm',
      functionName: 'f',
      source: 'x',
      returns: 'FLOAT[3][4]',
      options: {
        preprocess: 'torch',
        labels: ['a', 'b'],
        top_k: 7,
        output: 'dense',
        batchSize: 16,
        device: 'cpu',
        file: { architecture: 'VGG16', inputShape: [64, 48, 3] },
        resize: { fit: 'pad', interpolation: 'area' },
        text: { tokenizer: "it's.json", max_length: 64, pooling: 'cls', normalize: false },
      },
      replace: true,
      ifNotExists: false,
    },
  );
  assert.deepEqual(read({ ...plain, options: { labels: 's3://b/l.txt' } }, 'x').options.labels, {
    file: 's3://b/l.txt',
  });
});

test('no text ends its quotes, whatever stands in it', () => {
  const nasty = [
    `x' FROM 'y`,
    `"; DROP MODEL m; --`,
    `'; DROP TABLE t; --`,
    `a\\'b`,
    `/* */ -- $$ $1`,
    `E'\\''`,
    'Straße',
    'UPPER Case',
    'select',
    '\u2019\u02bc\uff07',
    `''""''`,
  ];
  for (const text of nasty) {
    const request = {
      ...plain,
      name: text,
      functionName: text,
      options: { labels: [text, text], output: text },
    };
    const definition = read(request, text);
    assert.equal(definition.name, text);
    assert.equal(definition.functionName, text);
    assert.equal(definition.source, text);
    assert.equal(definition.options.output, text);
    assert.deepEqual(definition.options.labels, [text, text]);
    assert.deepEqual(read({ ...plain, options: { labels: text } }, 'x').options.labels, { file: text });
    const drop = tokenize(dropModelStatement(text));
    assert.deepEqual(
      drop.map(({ kind }) => kind),
      ['word', 'word', 'quoted'],
    );
    assert.equal(drop.at(-1)?.value, text);
  }
});
