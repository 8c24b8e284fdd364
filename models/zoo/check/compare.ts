/** Compiles a named model with seeded weights and compares its logits with those that Keras gave. */
import { readFileSync } from 'node:fs';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import type { CompiledModel, Preprocess } from '../../artifact.ts';
import { compileKeras } from '../../compile.ts';
import { parseArchitecture } from '../../keras/config/architecture.ts';
import type { WeightSource } from '../../keras/read/weight-source.ts';
import { architectureJson } from '../architectures/index.ts';
import { weightedLayers } from '../architectures/weighted-layers.ts';
import { namedModel } from '../catalog.ts';
import { seededImages, seededWeight } from './seeded.ts';

const FOLDER = new URL('./fixtures/logits/', import.meta.url);
const IMAGES = 2;

/** What `logits.py` wrote. */
export interface ExpectedLogits {
  readonly size_px: number;
  readonly preprocess: Preprocess;
  readonly gain: number;
  /** Every how many-th logit was kept. */
  readonly step: number;
  /** Standard deviation of all logits of both images. */
  readonly deviation: number;
  /** How far the logits of the two images lie apart, as a part of the deviation. */
  readonly swap: number;
  readonly logits: string;
}

export interface Comparison {
  /** Largest difference of a logit, as a part of the logits' standard deviation. */
  readonly difference: number;
  readonly swap: number;
  readonly compile_ms: number;
  readonly infer_ms: number;
}

/** Throws when the fixture is missing. */
export function expectedLogits(name: string): ExpectedLogits {
  return JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
}

/** Throws when the fixture is missing. Weights and images are made anew each time. */
export async function compareWithKeras(name: string): Promise<Comparison> {
  const expected = expectedLogits(name);
  const { inputSize_px, preprocess } = namedModel(name);
  if (inputSize_px !== expected.size_px || preprocess !== expected.preprocess) {
    throw new Error(`${name}: the catalog says ${inputSize_px} px and '${preprocess}', Keras differs`);
  }
  const start = performance.now();
  const { onnx, manifest } = compileSeeded(name, expected);
  const compiled = performance.now();
  const session = await InferenceSession.create(onnx, {
    intraOpNumThreads: 1,
    graphOptimizationLevel: 'all',
  });
  const wanted = decode(expected.logits);
  const perImage = wanted.length / IMAGES;
  const pixels = seededImages(IMAGES, inputSize_px, inputSize_px);
  const imageLength = pixels.length / IMAGES;
  const input = manifest.inputs[0]?.name ?? '';
  const output = manifest.outputs[0]?.name ?? '';
  let largest = 0;
  for (let image = 0; image < IMAGES; image++) {
    const own = pixels.subarray(image * imageLength, (image + 1) * imageLength);
    const tensor = new Tensor('uint8', own, [1, inputSize_px, inputSize_px, 3]);
    const results = await session.run({ [input]: tensor });
    const logits = results[output]?.data;
    if (!(logits instanceof Float32Array) || logits.length !== perImage * expected.step) {
      throw new Error(`${name}: ${logits?.length ?? 'no'} logits`);
    }
    for (let i = 0; i < perImage; i++) {
      const difference = Math.abs(
        (logits[i * expected.step] ?? Number.NaN) - (wanted[image * perImage + i] ?? 0),
      );
      largest = Math.max(largest, difference);
    }
  }
  await session.release();
  return {
    difference: largest / expected.deviation,
    swap: expected.swap,
    compile_ms: compiled - start,
    infer_ms: performance.now() - compiled,
  };
}

/** The compiled model, its classifier giving logits. */
export function compileSeeded(
  name: string,
  { size_px, gain, preprocess }: Pick<ExpectedLogits, 'size_px' | 'gain' | 'preprocess'>,
): CompiledModel {
  const json = architectureJson(name, [size_px, size_px], { classifierActivation: 'linear' });
  const layers = new Map(weightedLayers(json).map((layer) => [layer.path.join('/'), layer]));
  const weights: WeightSource = {
    weightsOf({ names }) {
      const layer = layers.get(names.join('/'));
      if (layer === undefined) return [];
      return layer.weights.map(({ role, shape }, i) => ({
        path: `${names.join('/')}/${role}`,
        role,
        shape,
        read: () => seededWeight(layer, i, { gain }),
      }));
    },
  };
  const file = { model: parseArchitecture(json), weights, keras: 3 } as const;
  return compileKeras(file, 'keras-h5', { preprocess, output: undefined });
}

function decode(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}
