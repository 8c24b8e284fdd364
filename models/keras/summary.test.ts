/** What Keras' own summary() and TensorFlow's profiler say of the fixtures: fixtures/make_summaries.py asked them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { Manifest } from '../artifact.ts';
import { compileModel } from '../compile.ts';
import { shapesText, summaryText } from '../describe.ts';

interface Row {
  readonly name: string;
  readonly class: string;
  readonly depth: number;
  readonly shape: string;
  readonly parameters: number;
  /** Missing where Keras leaves the column out. */
  readonly connected: string | null;
}

interface Summary {
  readonly file: string;
  readonly rows: readonly Row[];
  readonly total: number;
  readonly trainable: number;
  /** Null where TensorFlow could not say. */
  readonly flops: number | null;
}

const FIXTURES = new URL('./fixtures/', import.meta.url);
const SUMMARIES: readonly Summary[] = JSON.parse(readFileSync(new URL('summaries.json', FIXTURES), 'utf8'));

async function manifestOf(file: string): Promise<Manifest> {
  const bytes = readFileSync(new URL(file, FIXTURES));
  const model = { name: file, bytes: file.endsWith('.gz') ? gunzipSync(bytes) : bytes };
  return (await compileModel(model, { preprocess: 'none', output: undefined })).manifest;
}

/** The layers without the numbers of calls: Keras counts those of models from 0 or from 1. */
function layersOf(connections: string): string[] {
  return connections === '-'
    ? []
    : connections.split(', ').map((connection) => connection.replace(/(\[\d+\])+$/, ''));
}

describe('layers are shown as Keras shows them', () => {
  it('of enough models', () => assert.ok(SUMMARIES.length >= 50));

  for (const { file, rows, total, trainable, flops } of SUMMARIES) {
    it(file, async () => {
      const { layers, ...manifest } = await manifestOf(file);
      assert.deepEqual(
        layers.map((layer) => ({
          // Of the path the last name: those around it are the rows above.
          name: layer.name.split('/').at(-1),
          class: layer.className,
          depth: layer.depth,
          shape: shapesText(layer),
          parameters: layer.parameterCount,
        })),
        rows.map(({ connected, ...row }) => row),
      );
      for (const [i, { connected, depth }] of rows.entries()) {
        // Within nested models Keras shows "-" everywhere.
        if (connected === null || depth > 0) continue;
        assert.deepEqual(
          layersOf(layers[i]?.connectedTo?.join(', ') || '-'),
          layersOf(connected),
          rows[i]?.name,
        );
      }
      assert.equal(manifest.parameterCount, total);
      assert.equal(manifest.trainableCount, trainable);
      if (flops !== null) assert.equal(manifest.flops, flops);
    });
  }
});

describe('the table', () => {
  it('has the rows, the totals and what goes in', async () => {
    const text = summaryText('sequential.keras', await manifestOf('nesting/sequential.keras'));
    assert.match(text, /^sequential\.keras: keras, Keras 3\./);
    assert.match(text, /^Layer \(type\) +Output Shape +Param # +FLOPs$/m);
    assert.match(text, /^conv2d\w* \(Conv2D\) +\(None, 5, 4, 4\) +112 +4,320$/m);
    assert.match(text, /^Total params: 146 \(584\.00 B\)$/m);
    assert.match(text, /^Input: \S+ uint8 \(None, 7, 6, 3\), an image$/m);
    assert.match(text, /^Preprocessing: none \(6×7 RGB pixels, 0…255 as they are\)$/m);
  });

  it('says what feeds a layer, where not just the one before', async () => {
    const text = summaryText('x', await manifestOf('nesting/shared-layer.keras'));
    assert.match(text, /Connected to$/m);
    assert.match(text, /^shared \(Conv2D\).*\[0\]\[0\], .*\[0\]\[0\], shared\[1\]\[0\]$/m);
  });

  it('is shown for a manifest of an earlier version, and cuts what is too much', async () => {
    const manifest = await manifestOf('nesting/sequential.keras');
    const old: Manifest = {
      ...manifest,
      layers: Array.from({ length: 6_000 }, (_, i) => ({
        name: `layer\u001b[31m\u202e${i}`,
        className: 'Dense',
        outputShape: [2],
        parameterCount: 6,
      })),
    };
    const lines = summaryText('old', {
      ...old,
      flops: undefined,
      trainableCount: undefined,
    } as Manifest).split('\n');
    assert.ok(lines.length < 5_030);
    assert.ok(lines.some((line) => line === '… 1,000 more layers'));
    assert.ok(lines.some((line) => line.startsWith('layer\\u{1b}[31m\\u{202e}0 (Dense)')));
  });
});
