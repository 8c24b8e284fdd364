/** What CREATE MODEL settles, as the registry keeps it; and the shape that a model's results take. */
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Manifest, Preprocess } from '../models/artifact.ts';
import { bestLabel, bestLabels, flatVector, type Label, oneNumber, type ResultShape } from './shapes.ts';

export type ReturnsType = 'labels' | 'label' | 'number' | 'vector';

export interface ModelSpec {
  /** Number of the internal function: unique for as long as the registry lives. */
  readonly id: number;
  readonly name: string;
  readonly version: number;
  readonly functionName: string;
  readonly digest: string;
  readonly preprocess: Preprocess;
  readonly labels: readonly string[] | undefined;
  readonly top_k: number;
  readonly returns: ReturnsType;
  readonly output: string | undefined;
  readonly batchSize: number;
  readonly device: string;
  /** Where the model file came from. */
  readonly source: string;
}

/** What distinguishes answers of one artifact: results are stored in their final shape. */
export function answersKey(spec: ModelSpec): string {
  return JSON.stringify([spec.digest, spec.returns, spec.top_k, spec.labels ?? null]);
}

/**
 * Chooses how results look: labels make a list of the best, one number is FLOAT, anything else FLOAT[].
 * @throws 22023 when labels, RETURNS and the model's output do not fit each other
 */
export function chooseReturns(
  manifest: Manifest,
  labels: readonly string[] | undefined,
  declared: string | undefined,
): ReturnsType {
  const width = outputWidth(manifest);
  checkLabelCount(manifest, labels);
  switch (declared) {
    case undefined:
      if (labels !== undefined) return 'labels';
      return width === 1 ? 'number' : 'vector';
    case 'VARCHAR':
      if (labels === undefined)
        throw misfit('RETURNS VARCHAR needs labels', "Add OPTIONS (labels = ['…', …]).");
      return 'label';
    case 'FLOAT':
      if (width !== 1)
        throw misfit(`RETURNS FLOAT, but the model gives ${width} numbers`, 'Use RETURNS FLOAT[].');
      return 'number';
    case 'FLOAT[]':
      return 'vector';
    default:
      throw misfit(`RETURNS ${declared} is not a type that models return`, 'Use FLOAT, FLOAT[] or VARCHAR.');
  }
}

/** @throws 22023 unless there is one label for every number of the output, or none at all */
export function checkLabelCount(manifest: Manifest, labels: readonly string[] | undefined): void {
  const width = outputWidth(manifest);
  if (labels === undefined || labels.length === width) return;
  throw misfit(
    `${labels.length} labels for a model with ${width} outputs`,
    `Give exactly ${width} labels, in the order of the model's outputs.`,
  );
}

export function shapeOf(spec: ModelSpec, manifest: Manifest): ResultShape {
  const labels: readonly Label[] = (spec.labels ?? []).map((label) => ({ class: label, description: label }));
  switch (spec.returns) {
    case 'labels':
      return bestLabels(labels, spec.top_k);
    case 'label':
      return bestLabel(labels);
    case 'number':
      return oneNumber();
    case 'vector':
      return flatVector(outputWidth(manifest));
  }
}

/**
 * Numbers per input row.
 * @throws 0A000 for several outputs or an output whose size is free
 */
export function outputWidth(manifest: Manifest): number {
  const [output, ...others] = manifest.outputs;
  if (output === undefined || others.length > 0) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `the model has ${manifest.outputs.length} outputs: ${manifest.outputs.map((o) => o.name).join(', ')}`,
      hint: "Choose one with OPTIONS (output = 'layer name').",
    });
  }
  let width = 1;
  for (const size of output.shape) {
    if (size === null) {
      throw new SqlensError({
        sqlState: SqlState.featureNotSupported,
        message: `the size of output ${output.name} is not fixed: [${output.shape.map((s) => s ?? '?').join(', ')}]`,
        hint: 'Export the model with a fixed output size, or choose another output.',
      });
    }
    width *= size;
  }
  return width;
}

function misfit(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}
