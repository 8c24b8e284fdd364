/** What CREATE MODEL settles, as the registry keeps it; and the shape that a model's results take. */
import { SqlensError, SqlState } from '../common/errors.ts';
import type { ResizeMethod } from '../image-source/index.ts';
import type { Manifest, Preprocess, TensorSpec } from '../models/artifact.ts';
import { bestLabel, bestLabels, flatVector, type Label, oneNumber, type ResultShape } from './shapes.ts';
import { type ServedOutput, tensorResult } from './tensor-results.ts';
import { countOf } from './tensor-shape.ts';
import { isPerToken, type TextSpec, textKey, tokenInputs } from './text-model.ts';

/** `vector` is a list of all numbers, `array` the output in its own shape, `struct` several of those. */
export type ReturnsType = 'labels' | 'label' | 'number' | 'vector' | 'array' | 'struct';

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
  /** How images get the model's size; undefined: bilinear, without keeping the proportions. */
  readonly resize?: ResizeMethod | undefined;
  /** Set when a tokenizer stands in front of the model. */
  readonly text?: TextSpec | undefined;
  /** The type that the function returns, as DuckDB writes it. */
  readonly resultType?: string | undefined;
  /** The function's parameters. */
  readonly arguments?: string | undefined;
}

/** What distinguishes answers of one artifact: results are stored in their final shape. */
export function answersKey(spec: ModelSpec): string {
  const text = spec.text === undefined ? null : textKey(spec.text);
  return JSON.stringify([
    spec.digest,
    spec.returns,
    spec.top_k,
    spec.labels ?? null,
    text,
    spec.resize ?? null,
  ]);
}

/**
 * Chooses how results look: labels make a list of the best, one number is FLOAT, a vector FLOAT[n], a matrix FLOAT[m][n],
 * several outputs a STRUCT of these by name.
 * @param declared what RETURNS says, without spaces and in upper case
 * @throws 22023 when labels, RETURNS and the model's output do not fit each other
 */
export function chooseReturns(
  manifest: Manifest,
  text: TextSpec | undefined,
  labels: readonly string[] | undefined,
  declared: string | undefined,
): ReturnsType {
  checkLabelCount(manifest, text, labels);
  const outputs = servedShapes(manifest, text);
  const [only] = outputs;
  const isOne = outputs.length === 1 && only !== undefined;
  const natural: ReturnsType = !isOne ? 'struct' : countOf(only.shape) === 1 ? 'number' : 'array';
  const naturalType = natural === 'number' ? 'FLOAT' : tensorResult(outputs).returnType.toString();
  switch (declared) {
    case undefined:
      return labels === undefined ? natural : 'labels';
    case 'VARCHAR':
      if (labels === undefined)
        throw misfit('RETURNS VARCHAR needs labels', "Add OPTIONS (labels = ['…', …]).");
      return 'label';
    case 'FLOAT':
      if (natural === 'number') return 'number';
      throw misfit(
        `RETURNS FLOAT, but the model gives ${isOne ? `${countOf(only.shape) ?? 'many'} numbers` : naturalType}`,
        isOne ? `Use RETURNS FLOAT[], or leave it out: then it is ${naturalType}.` : 'Leave RETURNS out.',
      );
    case 'FLOAT[]':
      outputWidth(manifest, text);
      return 'vector';
    default:
      if (unspaced(declared) === unspaced(naturalType)) return natural;
      throw misfit(
        `RETURNS ${declared} is not what the model returns`,
        `Use FLOAT, FLOAT[], VARCHAR (with labels), or leave it out: then it is ${naturalType}.`,
      );
  }
}

function unspaced(type: string): string {
  return type.replace(/[\s"]+/g, '').toUpperCase();
}

/** @throws 22023 unless there is one label for every number of the output, or none at all */
export function checkLabelCount(
  manifest: Manifest,
  text: TextSpec | undefined,
  labels: readonly string[] | undefined,
): void {
  if (labels === undefined) return;
  const width = outputWidth(manifest, text);
  if (labels.length === width) return;
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
      return flatVector(outputWidth(manifest, spec.text));
    case 'array':
    case 'struct':
      return tensorResult(servedShapes(manifest, spec.text));
  }
}

/** The type that people see, as DuckDB writes it. */
export function resultTypeOf(shape: ResultShape): string {
  return shape.castTo ?? shape.returnType.toString();
}

/** The outputs of the graph that are asked for. */
export function servedOutputs(manifest: Manifest, text: TextSpec | undefined): readonly TensorSpec[] {
  if (text?.output === undefined) return manifest.outputs;
  return manifest.outputs.filter(({ name }) => name === text.output);
}

/** What comes out of the workers for each output: a text's vectors are pooled, or as many as it has tokens. */
function servedShapes(manifest: Manifest, text: TextSpec | undefined): readonly ServedOutput[] {
  const outputs = servedOutputs(manifest, text);
  if (text === undefined) return outputs;
  const { length } = tokenInputs(manifest.inputs);
  return outputs.map((output) => {
    if (!isPerToken(output, length)) return output;
    const vector = output.shape.slice(1);
    return { name: output.name, shape: text.pooling === 'none' ? [null, ...vector] : vector };
  });
}

/**
 * Numbers per input row.
 * @throws 0A000 for several outputs or an output whose size is free
 */
export function outputWidth(manifest: Manifest, text: TextSpec | undefined): number {
  const outputs = servedShapes(manifest, text);
  const [output, ...others] = outputs;
  if (output === undefined || others.length > 0) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `the model has ${outputs.length} outputs: ${outputs.map((o) => o.name).join(', ')}`,
      hint: "Choose one with OPTIONS (output = 'layer name').",
    });
  }
  const width = countOf(output.shape);
  if (width !== null) return width;
  throw new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `the size of output ${output.name} is not fixed: [${output.shape.map((s) => s ?? '?').join(', ')}]`,
    hint: 'Export the model with a fixed output size, or choose another output.',
  });
}

function misfit(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}
