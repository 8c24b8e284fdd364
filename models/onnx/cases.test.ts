/** Graphs that show one thing each: answered as ONNX Runtime in Python or scikit-learn does, or refused for a reason. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { SqlState } from '../../common/errors.ts';
import { compileModel } from '../compile.ts';
import { ModelError } from '../model-error.ts';
import { validate } from '../validate.ts';
import { answersOf, difference, type PlainArray } from './cases.testing.ts';

interface Case {
  readonly name: string;
  readonly file: string;
  readonly options: { readonly inputShape?: readonly number[]; readonly output?: string };
  readonly feeds?: Readonly<Record<string, PlainArray>>;
  readonly expected?: Readonly<Record<string, PlainArray>>;
}

const CASES: readonly Case[] = JSON.parse(
  gunzipSync(readFileSync(new URL('./fixtures/cases.json.gz', import.meta.url))).toString(),
);

const { featureNotSupported, dataException, programLimitExceeded, invalidParameterValue } = SqlState;

/** Those that fixtures/make_onnx_cases.py gives no answers for. */
const REFUSED: Readonly<Record<string, readonly [SqlState, RegExp]>> = {
  'opset 6': [featureNotSupported, /opset 6: opsets 7 to 26/],
  'opset 27': [featureNotSupported, /opset 27: opsets 7 to 26/],
  'IR 14': [featureNotSupported, /IR version 14: the file is newer/],
  'type bfloat16': [featureNotSupported, /input "x": it holds bfloat16/],
  'type complex64': [featureNotSupported, /input "x": it holds complex64/],
  'type string': [featureNotSupported, /input "x": it holds string/],
  'output bfloat16': [featureNotSupported, /output "y": it holds bfloat16/],
  'output of strings': [featureNotSupported, /output "text": it holds string/],
  'output of a sequence': [featureNotSupported, /output "s": it is a sequence/],
  'output that is optional': [featureNotSupported, /output "o": it is optional/],
  'input of a sequence': [featureNotSupported, /input "s": it is a sequence/],
  'external data in a function': [
    dataException,
    /tensor "far" has its data in another file \(\/etc\/passwd\)/,
  ],
  'external data in a default': [
    dataException,
    /tensor "far" has its data in another file \(\/etc\/passwd\)/,
  ],
  'functions without end': [dataException, /function "[AB]" calls itself/],
  'functions that explode': [programLimitExceeded, /more than 200000 nodes, functions included/],
  'an operator redefined': [dataException, /"Relu" in ONNX' own domain/],
  'output nowhere': [featureNotSupported, /output "relu": the graph has no tensor/],
  'no batch axis': [featureNotSupported, /input "x": it has no batch axis/],
  'no axes': [featureNotSupported, /input "x": it has no batch axis/],
  'batches that differ': [featureNotSupported, /input "z": its first axis is 5, that of "x" is 2/],
  'one number of any batch': [dataException, /output "y" has shape \(\) for a batch of 2/],
  'a constant output': [dataException, /output "z" has shape \(1, 2\) for a batch of 2/],
  'rows that mix': [dataException, /output "y" of one row depends on the other rows/],
  'rows that mix, of a fixed batch': [dataException, /output "y" of one row depends on the other rows/],
  'time before the batch': [dataException, /output "y" has shape \(1, 2\) for a batch of 2/],
  'sizes that do not fit': [invalidParameterValue, /\[3, 12\] fits none of the inputs: "x" \(2, \?\)/],
  'two inputs of one name': [dataException, /two inputs are called "x"/],
  'a cycle': [dataException, /does not load/],
  'a tensor made twice': [dataException, /does not load/],
  'huge sizes': [programLimitExceeded, /input "x" takes/],
  'forty axes': [programLimitExceeded, /41 axes/],
  'a sparse constant of terabytes': [dataException, /does not load/],
  'a convolution that does not exist': [
    featureNotSupported,
    /\(Magic\): its operator belongs to "com\.microsoft"/,
  ],
  'text generation': [featureNotSupported, /\(Sampling\): its operator belongs to "com\.microsoft"/],
};

async function compile({ name, file, options }: Case) {
  const model = { name, bytes: new Uint8Array(Buffer.from(file, 'base64')) };
  return validate(
    await compileModel(model, { preprocess: 'none', output: undefined, ...options }),
    async () => {},
  );
}

describe('graphs of one thing each', () => {
  for (const one of CASES) {
    const refusal = REFUSED[one.name];
    if (refusal !== undefined) {
      it(`${one.name}: refused`, async () => {
        const [state, message] = refusal;
        await assert.rejects(compile(one), (error) => {
          assert.ok(error instanceof ModelError, `${error}`);
          assert.match(error.message, message);
          assert.equal(error.sqlState, state);
          assert.ok(error.hint);
          return true;
        });
      });
      continue;
    }
    it(one.name, async () => {
      const compiled = await compile(one);
      const { feeds, expected } = one;
      if (feeds === undefined || expected === undefined) {
        assert.equal(one.name, 'rows at random');
        return;
      }
      assert.deepEqual(compiled.manifest.inputs.map(({ name }) => name).sort(), Object.keys(feeds).sort());
      assert.deepEqual(
        compiled.manifest.outputs.map(({ name, type }) => [name, type]),
        Object.entries(expected).map(([name, { type }]) => [name, type]),
      );
      const answers = await answersOf(compiled, feeds);
      for (const [name, { values }] of Object.entries(expected)) {
        const off = difference(answers[name], values);
        assert.ok(off <= 1e-6, `${name} is off by ${off}: ${answers[name]} and not ${values}`);
      }
    });
  }

  it('every opset from 7 on is among them', () => {
    const names = new Set(CASES.map(({ name }) => name));
    for (let opset = 7; opset <= 26; opset++) assert.ok(names.has(`opset ${opset}`));
  });

  it('every refusal is of a case', () => {
    const names = new Set(CASES.map(({ name }) => name));
    assert.deepEqual(
      Object.keys(REFUSED).filter((name) => !names.has(name)),
      [],
    );
  });
});

describe('what the graphs turn out to be', () => {
  const shapesOf = async (name: string) => {
    const one = CASES.find((known) => known.name === name);
    assert.ok(one);
    const { manifest } = await compile(one);
    return [manifest.inputs, manifest.outputs].map((specs) => specs.map(({ shape }) => shape));
  };
  it('inputs of one number a row', async () => {
    assert.deepEqual(await shapesOf('rows without an axis'), [[[]], [[]]]);
  });
  it('all of an output belongs to the row where the graph takes one row at a time', async () => {
    assert.deepEqual(await shapesOf('boxes of one image'), [
      [
        [4, 4],
        [1, 4],
      ],
      [[null, 4]],
    ]);
    assert.deepEqual(await shapesOf('one number of a batch of one'), [[[3]], [[]]]);
  });
  it('free axes that options settle', async () => {
    assert.deepEqual(await shapesOf('sizes of free axes'), [[[2, 12]], [[3]]]);
  });
  it('probabilities in place of maps', async () => {
    assert.deepEqual(await shapesOf('scikit-learn classifier'), [[[4]], [[], [3]]]);
  });
});
