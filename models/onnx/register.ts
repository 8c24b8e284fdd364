/** Registers an ONNX file as it is: nothing is rewritten, its image input is found and described. */
import { createHash } from 'node:crypto';
import { fromBinary } from '@bufbuild/protobuf';
import {
  type GraphProto,
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType,
  type ValueInfoProto,
} from 'onnx-buf';
import { messageOf, SqlState } from '../../common/errors.ts';
import type { CompiledModel, CompileOptions, ImageInput, TensorSpec, TensorType } from '../artifact.ts';
import { invalidFile, ModelError, unsupportedPart } from '../model-error.ts';
import { pixelScaling, refusePreprocess } from '../preprocess.ts';
import { refuseUnsafe } from './scan.ts';
import { summarizeOnnx } from './summary.ts';
import { WireMessage } from './wire.ts';

/** Field of ModelProto that holds key and value pairs. */
const METADATA_FIELD = 14;

/**
 * @param bytes the file; the artifact is these bytes and a note of how they are served at their end
 * Throws a ModelError when the file is damaged, reaches outside itself or takes what cannot be fed.
 */
export function registerOnnx(
  bytes: Uint8Array,
  options: CompileOptions,
  compilerVersion: number,
): CompiledModel {
  const model = parse(bytes);
  refuseUnsafe(model);
  const { graph } = model;
  if (graph === undefined) throw invalidFile('the ONNX file holds no graph');
  const initialized = new Set(graph.initializer.map(({ name }) => name));
  const declared = graph.input.filter(({ name }) => !initialized.has(name)).map(describe);
  const image = imageInput(declared, options);
  const outputs = servedOutputs(graph, options.output);
  const onnx = withNote(bytes, options);
  return {
    onnx,
    manifest: {
      digest: createHash('sha256').update(onnx).digest('hex'),
      format: 'onnx',
      preprocess: options.preprocess,
      compilerVersion,
      inputs: declared.map(({ name, type, dims }) => ({ name, type, shape: dims.slice(1) })),
      image,
      outputs,
      ...summarizeOnnx(model, graph),
      size_bytes: onnx.byteLength,
    },
  };
}

function parse(bytes: Uint8Array): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (error) {
    throw invalidFile(`the ONNX file is damaged or cut off: ${messageOf(error)}`, undefined, error);
  }
}

interface DeclaredTensor {
  readonly name: string;
  readonly type: TensorType;
  /** With the batch axis; null where the size is free. */
  readonly dims: readonly (number | null)[];
}

const TYPES: ReadonlyMap<number, TensorType> = new Map<number, TensorType>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  [TensorProto_DataType.UINT8, 'uint8'],
  [TensorProto_DataType.INT32, 'int32'],
  [TensorProto_DataType.INT64, 'int64'],
  [TensorProto_DataType.DOUBLE, 'float64'],
  [TensorProto_DataType.BOOL, 'bool'],
]);

function describe({ name, type }: ValueInfoProto): DeclaredTensor {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  const elementType = TYPES.get(tensor?.elemType ?? 0);
  if (tensor === undefined || elementType === undefined) {
    throw unsupportedPart(
      `tensor "${name}"`,
      'its type is not one of numbers that can be fed or served',
      'Export the model with numbers as inputs and outputs.',
    );
  }
  // Without a shape the rank is unknown: a batch axis and one free axis.
  const dims = tensor.shape?.dim.map(({ value }) => {
    const size = value.case === 'dimValue' ? Number(value.value) : null;
    return size !== null && size > 0 ? size : null;
  }) ?? [null, null];
  return { name, type: elementType, dims };
}

function imageInput(declared: readonly DeclaredTensor[], options: CompileOptions): ImageInput | undefined {
  const [input, image] = findImage(declared);
  for (const other of declared) if (other !== input) checkBatch(other.name, other.dims, [null]);
  if (input === undefined || image === undefined) {
    refusePreprocess(options.preprocess);
    return undefined;
  }
  checkBatch(input.name, input.dims, [null, 1]);
  const { layout, channels, height, width } = image;
  if (input.type !== 'float32' && input.type !== 'float16' && input.type !== 'uint8') {
    throw unsupportedPart(
      `input "${input.name}"`,
      `images as ${input.type} are not supported`,
      'Export the model with float32 or uint8 pixels.',
    );
  }
  if (input.type === 'uint8' && options.preprocess !== 'none') {
    throw new ModelError({
      sqlState: SqlState.invalidParameterValue,
      message: `input "${input.name}" takes pixels as uint8, which preprocess = '${options.preprocess}' does not give`,
      hint: "Use preprocess = 'none'.",
    });
  }
  const { scale, offset, reversed } = pixelScaling(options.preprocess, channels);
  return {
    tensor: input.name,
    type: input.type,
    layout,
    channels,
    channelOrder: reversed ? 'bgr' : 'rgb',
    height,
    width,
    // Factors stand in the order of the input's channels.
    scale: reversed ? scale.toReversed() : scale,
    offset: reversed ? offset.toReversed() : offset,
    dynamicBatch: input.dims[0] === null,
  };
}

/** The only input, or among several the only one of a fixed size, that looks like an image. */
function findImage(
  declared: readonly DeclaredTensor[],
): readonly [DeclaredTensor | undefined, ReturnType<typeof layoutOf>] {
  const candidates =
    declared.length === 1 ? declared : declared.filter(({ dims }) => !dims.slice(1).includes(null));
  const found = candidates.filter((input) => layoutOf(input) !== undefined);
  const [input, ...others] = found;
  if (input === undefined || others.length > 0) return [undefined, undefined];
  return [input, layoutOf(input)];
}

/** An image is four axes of which one or three channels stand second or last. */
function layoutOf({ name, dims }: DeclaredTensor) {
  if (dims.length !== 4) return undefined;
  const [, second = null, third = null, fourth = null] = dims;
  const isChannels = (size: number | null): size is 1 | 3 => size === 1 || size === 3;
  const first = isChannels(second)
    ? { layout: 'nchw' as const, channels: second, height: third, width: fourth }
    : undefined;
  const last = isChannels(fourth)
    ? { layout: 'nhwc' as const, channels: fourth, height: second, width: third }
    : undefined;
  const found = first ?? last;
  if (found === undefined) return undefined;
  const { height, width } = found;
  if (height === null || width === null) {
    throw unsupportedPart(
      `input "${name}"`,
      'the model declares no input size (its height or width is free)',
      'Export the model with a fixed image size.',
    );
  }
  return { ...found, height, width };
}

function checkBatch(
  name: string,
  [batch]: readonly (number | null)[],
  allowed: readonly (number | null)[],
): void {
  if (batch !== undefined && allowed.includes(batch)) return;
  throw unsupportedPart(
    `input "${name}"`,
    batch === undefined ? 'it has no batch axis' : `its batch is fixed at ${batch}`,
    'Export the model with a free batch axis.',
  );
}

function servedOutputs(graph: GraphProto, wanted: string | undefined): TensorSpec[] {
  const outputs = graph.output.filter(({ name }) => wanted === undefined || name === wanted);
  if (outputs.length === 0) {
    const names = graph.output.map(({ name }) => name).join(', ');
    throw unsupportedPart(
      `output "${wanted ?? ''}"`,
      wanted === undefined ? 'the graph has no outputs' : 'the graph has no output of this name',
      `An ONNX file is served as it is; its outputs are ${names || 'none'}.`,
    );
  }
  return outputs.map(describe).map(({ name, type, dims }) => ({ name, type, shape: dims.slice(1) }));
}

/**
 * The same graph under another preprocess or output gives other answers, so it must have another digest: both are
 * noted at the end of the file, where protobuf allows more fields of a message to follow.
 */
function withNote(bytes: Uint8Array, options: CompileOptions): Uint8Array {
  const note = new WireMessage();
  const entries = { 'sqlens.preprocess': options.preprocess, 'sqlens.output': options.output ?? '' };
  for (const [key, value] of Object.entries(entries)) {
    note.message(METADATA_FIELD, new WireMessage().text(1, key).text(2, value));
  }
  const tail = note.toBytes();
  const noted = new Uint8Array(bytes.byteLength + tail.byteLength);
  noted.set(bytes);
  noted.set(tail, bytes.byteLength);
  return noted;
}
