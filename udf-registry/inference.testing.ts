/** What the tests of the router and the workers share: tasks over the fixture graphs, and a way to gather answers. */

import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { childEntry } from '../common/child-entry.ts';
import type { LocationPolicy } from '../image-source/api.ts';
import type { ImageInput, TensorSpec } from '../models/artifact.ts';
import type { Answer, Inference, Input, Task, TensorInput } from './api.ts';
import { createInference, type InferenceSettings, type RunningInference } from './inference.ts';

export type ModelTask = Extract<Task, { kind: 'model' }>;

export const openPolicy: LocationPolicy = {
  allowedPaths: ['/'],
  deniedPaths: [],
  allowedBuckets: undefined,
  allowHttp: false,
  s3: { endpoint: undefined, region: 'us-east-1', forcePathStyle: true },
};

const faultyEntry = childEntry(import.meta.url, './workers/faulty-worker.testing');

/** Workers that misbehave on inputs by name. */
export function faultyInference(settings: Partial<InferenceSettings> = {}): RunningInference {
  return createInference({ workers: 2, policy: openPolicy, entry: faultyEntry, ...settings });
}

interface GraphOptions {
  readonly inputs?: readonly TensorSpec[];
  readonly outputs?: readonly TensorSpec[];
  readonly image?: ImageInput;
  readonly batchSize?: number;
  /** Models of one file with different tags are different models. */
  readonly tag?: string;
}

export function tensorSpec(
  name: string,
  shape: readonly (number | null)[],
  type: TensorSpec['type'] = 'float32',
) {
  return { name, type, shape };
}

/** A task over one of the graphs in workers/fixtures; by default x[3] → y[3]. */
export function fixtureTask(graph: string, options: GraphOptions = {}): ModelTask {
  const path = fileURLToPath(new URL(`./workers/fixtures/${graph}.onnx`, import.meta.url));
  const digest = `${graph}-${options.tag ?? ''}`;
  return {
    kind: 'model',
    digest,
    path,
    batchSize: options.batchSize ?? 4,
    manifest: {
      digest,
      format: 'onnx',
      preprocess: 'none',
      compilerVersion: 1,
      inputs: options.inputs ?? [tensorSpec('x', [3])],
      image: options.image,
      outputs: options.outputs ?? [tensorSpec('y', [3])],
      layers: [],
      parameterCount: 0,
      size_bytes: statSync(path).size,
    },
  };
}

export function numbers(...values: number[]): TensorInput {
  return { kind: 'tensor', values: Float32Array.from(values) };
}

let queries = 0;

export interface AskOptions {
  readonly queryId?: string;
  readonly signal?: AbortSignal;
  readonly onAnswer?: (index: number, answer: Answer) => void;
}

/** Submits and gathers; a test fails here when an input is answered twice. */
export async function ask(
  inference: Inference,
  task: Task,
  inputs: readonly Input[],
  options: AskOptions = {},
): Promise<Answer[]> {
  const answers: Answer[] = new Array(inputs.length);
  await inference.submit(task, inputs, {
    queryId: options.queryId ?? `query ${++queries}`,
    signal: options.signal ?? new AbortController().signal,
    onAnswer: (index, answer) => {
      if (answers[index] !== undefined) throw new Error(`input ${index} was answered twice`);
      answers[index] = answer;
      options.onAnswer?.(index, answer);
    },
  });
  return answers;
}

/** The numbers of an answer's outputs, or what it is instead. */
export function valuesOf(answer: Answer | undefined): number[][] | string {
  if (answer === undefined) return 'no answer';
  if (answer.kind === 'tensors') return answer.tensors.map((tensor) => [...tensor]);
  return answer.kind === 'failed' ? `${answer.error.sqlState} ${answer.error.message}` : answer.kind;
}

/** Waits until something holds; the test runner's own timeout is the only limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
