import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compileModel, type Manifest } from '../models/index.ts';
import type { Answer } from './api.ts';
import { ask, type ModelTask, openPolicy, valuesOf } from './inference.testing.ts';
import { createInference, type RunningInference } from './inference.ts';
import { choosePooling, type Pooling, type TextTask, tokenInputs } from './text-model.ts';

/** What ../sql-tests/fixtures/make_tensor_models.py wrote, with ONNX Runtime, Keras and tokenizers in Python. */
const folder = fileURLToPath(new URL('../sql-tests/fixtures/text', import.meta.url));

interface Expected {
  readonly texts: readonly string[];
  readonly none: number[][][];
  readonly [name: string]: number[][] | number[][][] | readonly string[];
}

const expected: Expected = JSON.parse(readFileSync(path.join(folder, 'expected.json'), 'utf8'));

describe('texts', { timeout: 120_000 }, () => {
  let inference: RunningInference;
  let scratch: string;
  before(() => {
    scratch = mkdtempSync(path.join(tmpdir(), 'texts-'));
    inference = createInference({ workers: 1, policy: openPolicy });
  });
  after(async () => {
    await inference.close();
    rmSync(scratch, { recursive: true });
  });

  async function taskOf(
    file: string,
    tokenizer: string,
    options: {
      pooling?: Pooling;
      normalize?: boolean;
      max_length?: number;
      output?: string;
      batchSize?: number;
    },
  ): Promise<ModelTask> {
    const bytes = readFileSync(path.join(folder, file));
    const { manifest, onnx } = await compileModel(
      { name: file, bytes },
      { preprocess: 'none', output: options.output },
    );
    const artifact = path.join(scratch, `${manifest.digest}.onnx`);
    writeFileSync(artifact, onnx);
    return {
      kind: 'model',
      digest: manifest.digest,
      path: artifact,
      batchSize: options.batchSize ?? 16,
      ...servedBy(manifest, tokenizer, options),
    };
  }

  function servedBy(
    manifest: Manifest,
    tokenizer: string,
    options: { pooling?: Pooling; normalize?: boolean; max_length?: number },
  ): { readonly manifest: Manifest; readonly text: TextTask } {
    const inputs = tokenInputs(manifest.inputs);
    const chosen = choosePooling(manifest, inputs.length, options.pooling);
    const outputs = manifest.outputs.filter(
      ({ name }) => chosen.output === undefined || name === chosen.output,
    );
    return {
      manifest: { ...manifest, outputs },
      text: {
        tokenizer,
        tokenizerPath: path.join(folder, tokenizer),
        max_length: options.max_length ?? inputs.length ?? 48,
        normalize: options.normalize ?? false,
        ...chosen,
        ...inputs,
      },
    };
  }

  function closeTo(answers: readonly Answer[], wanted: readonly (readonly number[])[]): void {
    assert.equal(answers.length, wanted.length);
    answers.forEach((answer, at) => {
      const values = valuesOf(answer);
      assert.ok(typeof values !== 'string', String(values));
      const [vector = []] = values;
      assert.equal(vector.length, wanted[at]?.length, `text ${at}`);
      vector.forEach((value, k) => {
        const other = wanted[at]?.[k] ?? Number.NaN;
        assert.ok(Math.abs(value - other) < 1e-5, `text ${at}, number ${k}: ${value} and not ${other}`);
      });
    });
  }

  function vectorsOf(name: string): number[][] {
    const value = expected[name];
    assert.ok(Array.isArray(value));
    return value.map((row) => (Array.isArray(row) ? row.flat().map(Number) : []));
  }

  async function answersTo(task: ModelTask, texts: readonly string[] = expected.texts): Promise<Answer[]> {
    return ask(
      inference,
      task,
      texts.map((text) => ({ kind: 'text', text })),
    );
  }

  for (const pooling of ['mean', 'cls', 'max', 'none'] as const) {
    test(`${pooling} of the tokens' vectors, as in Python`, async () => {
      closeTo(
        await answersTo(await taskOf('encoder.onnx', 'wordpiece.json', { pooling })),
        vectorsOf(pooling),
      );
    });
  }

  test('the mean is the default; at unit length; cut at 6 tokens; from text by text', async () => {
    const unit = await taskOf('encoder.onnx', 'wordpiece.json', { normalize: true });
    closeTo(await answersTo(unit), vectorsOf('unit mean'));
    const short = await taskOf('encoder.onnx', 'wordpiece.json', { max_length: 6 });
    closeTo(await answersTo(short), vectorsOf('mean of 6'));
    const alone = await taskOf('encoder.onnx', 'wordpiece.json', { batchSize: 1 });
    closeTo(await answersTo(alone), vectorsOf('mean'));
  });

  test('an output without tokens', async () => {
    const task = await taskOf('encoder.onnx', 'wordpiece.json', { output: 'pooler_output' });
    closeTo(await answersTo(task), vectorsOf('pooler'));
  });

  test('byte pairs, int32 inputs, no token types', async () => {
    closeTo(await answersTo(await taskOf('encoder-int32.onnx', 'bpe.json', {})), vectorsOf('bpe'));
  });

  test('a Keras model of twelve tokens', async () => {
    closeTo(await answersTo(await taskOf('scores.keras', 'wordpiece.json', {})), vectorsOf('scores'));
  });

  test('a megabyte of text is cut; a text that the graph cannot take fails alone', async () => {
    const task = await taskOf('encoder.onnx', 'wordpiece.json', {});
    const [answer] = await answersTo(task, ['late '.repeat(2 ** 18)]);
    const at = expected.texts.findIndex((text) => text.startsWith('late late'));
    closeTo(answer === undefined ? [] : [answer], [vectorsOf('mean')[at] ?? []]);
    // The encoder has 48 positions.
    const long = await taskOf('encoder.onnx', 'wordpiece.json', { max_length: 60 });
    const [bad, good] = await answersTo(long, ['late '.repeat(100), 'x']);
    assert.match(String(valuesOf(bad)), /^22000 the model failed on this input/);
    closeTo(good === undefined ? [] : [good], [vectorsOf('mean').at(-1) ?? []]);
  });

  test('a tokenizer that is gone rejects the call', async () => {
    const task = await taskOf('encoder.onnx', 'wordpiece.json', {});
    const { text } = task;
    assert.ok(text !== undefined);
    const missing = {
      ...task,
      text: { ...text, tokenizer: 'gone', tokenizerPath: path.join(scratch, 'gone') },
    };
    await assert.rejects(answersTo(missing, ['x']), {
      sqlState: 'XX001',
      message: /the tokenizer does not load/,
    });
  });
});
