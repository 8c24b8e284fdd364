import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parseArchitecture } from '../../keras/config/architecture.ts';
import { canonicalLines } from '../check/canonical.ts';
import { ARCHITECTURE_NAMES, architectureJson } from './index.ts';
import { weightedLayers } from './weighted-layers.ts';

interface Described {
  readonly digest: string;
  readonly layers: number;
  readonly parameters: number;
  readonly output: readonly number[];
}

/** What check/architectures.py saw in Keras. */
interface Fixture {
  readonly models: Readonly<
    Record<
      string,
      { readonly size_px: number } & Readonly<Record<'top' | 'avg' | 'max' | 'classes' | 'odd', Described>>
    >
  >;
}

const { models }: Fixture = JSON.parse(
  readFileSync(new URL('../check/fixtures/architectures.json', import.meta.url), 'utf8'),
);

function same(json: unknown, expected: Described): void {
  const lines = canonicalLines(json);
  const config = parseArchitecture(json);
  assert.equal(config.layers.length, expected.layers, 'layers');
  assert.equal(createHash('sha256').update(lines.join('\n')).digest('hex'), expected.digest);
  const parameters = weightedLayers(json)
    .flatMap(({ weights }) => weights)
    .reduce((sum, { shape }) => sum + shape.reduce((product, length) => product * length, 1), 0);
  assert.equal(parameters, expected.parameters, 'parameters');
}

it('there is an architecture for every model of keras.applications', () => {
  assert.deepEqual(ARCHITECTURE_NAMES.toSorted(), Object.keys(models).toSorted());
  assert.equal(ARCHITECTURE_NAMES.length, 40);
  assert.equal(architectureJson('toString', [224, 224]), undefined);
});

describe('architectures are layer by layer what Keras builds', () => {
  for (const [name, expected] of Object.entries(models)) {
    it(name, () => {
      const size = expected.size_px;
      const square = [size, size] as const;
      same(architectureJson(name, square), expected.top);
      same(architectureJson(name, square, { includeTop: false, pooling: 'avg' }), expected.avg);
      same(architectureJson(name, square, { includeTop: false, pooling: 'max' }), expected.max);
      same(architectureJson(name, square, { classes: 7, classifierActivation: 'linear' }), expected.classes);
      same(
        architectureJson(name, [size + 37, size - 10], { includeTop: false, pooling: 'avg' }),
        expected.odd,
      );
    });
  }
});

describe('without its classifier a network begins as the whole one', () => {
  for (const [name, { size_px }] of Object.entries(models)) {
    it(name, () => {
      const shapes = (includeTop: boolean): string[] =>
        weightedLayers(architectureJson(name, [size_px, size_px], { includeTop, pooling: 'avg' })).map(
          ({ className, weights }) => `${className} ${JSON.stringify(weights)}`,
        );
      const whole = shapes(true);
      const headless = shapes(false);
      assert.ok(headless.length > 10 && headless.length < whole.length);
      assert.deepEqual(headless, whole.slice(0, headless.length));
    });
  }
});
