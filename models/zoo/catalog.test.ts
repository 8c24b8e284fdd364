import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { SqlensError, SqlState } from '../../common/errors.ts';
import { ARCHITECTURE_NAMES } from './architectures/index.ts';
import { findNamedModel, NAMED_MODELS, namedModel } from './catalog.ts';

interface Fixture {
  readonly models: Readonly<
    Record<
      string,
      {
        readonly size_px: number;
        readonly top: { readonly parameters: number };
        readonly avg: { readonly output: readonly number[] };
      }
    >
  >;
}

const { models }: Fixture = JSON.parse(
  readFileSync(new URL('./check/fixtures/architectures.json', import.meta.url), 'utf8'),
);

it('every architecture has a name, and every name an architecture', () => {
  assert.deepEqual(NAMED_MODELS.map(({ name }) => name).toSorted(), ARCHITECTURE_NAMES.toSorted());
});

it('sizes, features and parameters are those of Keras', () => {
  for (const { name, inputSize_px, featureCount, parameterCount } of NAMED_MODELS) {
    const keras = models[name];
    assert.deepEqual(
      [name, inputSize_px, featureCount, parameterCount],
      [name, keras?.size_px, keras?.avg.output[0], keras?.top.parameters],
    );
  }
});

it('every weights file has an address of its own and, but for two families, a digest', () => {
  const files = NAMED_MODELS.flatMap(({ weights }) => [weights.top, weights.notop]);
  assert.equal(new Set(files.map(({ url }) => url)).size, 2 * NAMED_MODELS.length);
  for (const { file, url, hash } of files) {
    assert.match(url, /^https:\/\/storage\.googleapis\.com\/(tensorflow\/)?keras-applications\//);
    assert.ok(url.endsWith(`/${file}`));
    if (hash !== undefined)
      assert.match(hash.digest, hash.algorithm === 'md5' ? /^[0-9a-f]{32}$/ : /^[0-9a-f]{64}$/);
  }
  const without = NAMED_MODELS.filter(({ weights }) => weights.top.hash === undefined).map(
    ({ name }) => name,
  );
  assert.deepEqual(without, ['MobileNet', 'MobileNetV2']);
  const digests = files.flatMap(({ hash }) => hash?.digest ?? []);
  assert.equal(new Set(digests).size, digests.length);
});

it('names are found in any case; an unknown one is answered with those like it', () => {
  assert.equal(findNamedModel('INCEPTIONv3')?.name, 'InceptionV3');
  assert.equal(findNamedModel('constructor'), undefined);
  assert.throws(
    () => namedModel('resnet-50'),
    (error: unknown) =>
      error instanceof SqlensError &&
      error.sqlState === SqlState.undefinedObject &&
      /Did you mean ResNet50\b/.test(error.hint ?? ''),
  );
});
