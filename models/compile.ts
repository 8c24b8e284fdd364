/** The compiler: a model file's bytes in, one ONNX graph and its manifest out. */
import { createHash } from 'node:crypto';
import { SqlensError, unreachable } from '../common/errors.ts';
import type { CompiledModel, CompileOptions, ImageInput, ModelFormat, TensorSpec } from './artifact.ts';
import { detectFormat, isZip } from './detect.ts';
import type { Graph, GraphBuilder } from './graph/graph.ts';
import type { Value } from './graph/ops/definition.ts';
import { type DeclaredInput, importModel } from './keras/import.ts';
import { type KerasFile, withH5File, withKerasArchive } from './keras/read/model-file.ts';
import { ZipReader } from './keras/read/zip.ts';
import { totalOf } from './keras/summary.ts';
import { MODEL_LIMITS } from './limits.ts';
import { inFile, tooLarge } from './model-error.ts';
import { type ModelFile, modelSize_bytes } from './model-parts.ts';
import { lowerToOnnx } from './onnx/lower/index.ts';
import { registerOnnx } from './onnx/register.ts';
import { INFERENCE_PASSES, runPasses } from './passes/index.ts';
import { addPreprocess, refusePreprocess } from './preprocess.ts';
import { openTfjs, openTfjsArchive } from './tfjs/open.ts';

/** Part of the answers' key: raise it whenever the same file may give other numbers. */
export const COMPILER_VERSION = 2;

/**
 * Compiles a model in this process. Only for files that are trusted not to exhaust memory or time: strangers' files
 * go through `compileInChild`.
 *
 * Errors are ModelErrors that name the file, and the layer where one is to blame.
 */
export async function compileModel(file: ModelFile, options: CompileOptions): Promise<CompiledModel> {
  try {
    const size_bytes = modelSize_bytes(file);
    if (size_bytes > MODEL_LIMITS.file_bytes) {
      throw tooLarge(`the file takes ${size_bytes} bytes; at most ${MODEL_LIMITS.file_bytes} are read`);
    }
    const format = detectFormat(file.bytes);
    switch (format) {
      case 'keras-h5':
        return await withH5File(file.bytes, (keras) => compileKeras(keras, format, options));
      case 'keras':
        return await withKerasArchive(file.bytes, (keras) => compileKeras(keras, format, options));
      case 'tfjs': {
        const keras = isZip(file.bytes)
          ? openTfjsArchive(new ZipReader(file.bytes))
          : openTfjs(file.bytes, file.parts ?? new Map());
        return compileKeras(keras, format, options);
      }
      case 'onnx':
        return registerOnnx(file.bytes, options, COMPILER_VERSION);
      default:
        return unreachable(format);
    }
  } catch (error) {
    // Recursion follows the nesting of the file.
    const known =
      error instanceof RangeError && /call stack/i.test(error.message)
        ? tooLarge('its structure is nested too deeply')
        : error;
    throw known instanceof SqlensError ? inFile(file.name, known) : known;
  }
}

function compileKeras(file: KerasFile, format: ModelFormat, options: CompileOptions): CompiledModel {
  let image: ImageInput | undefined;
  const feed = (input: DeclaredInput, inputs: readonly DeclaredInput[], builder: GraphBuilder): Value => {
    image = inputs.length === 1 ? imageInput(input) : undefined;
    if (image === undefined) refusePreprocess(options.preprocess);
    const type = image === undefined ? 'float32' : 'uint8';
    const value = builder.add({ kind: 'input', name: input.name, shape: input.shape, type }, [], input.ref);
    return image === undefined ? value : addPreprocess(builder, value, options.preprocess, image.channels);
  };
  const imported = importModel(file.model, file.weights, file.keras, {
    feed,
    output: options.output,
    inputShape: options.inputShape,
  });
  const graph = runPasses(imported.graph, INFERENCE_PASSES);
  const onnx = lowerToOnnx(graph, String(COMPILER_VERSION));
  return {
    onnx,
    manifest: {
      digest: createHash('sha256').update(onnx).digest('hex'),
      format,
      preprocess: options.preprocess,
      compilerVersion: COMPILER_VERSION,
      inputs: inputSpecs(graph),
      image,
      outputs: graph.outputs.map(({ name, value }) => ({ name, type: value.type, shape: value.shape })),
      layers: imported.layers,
      parameterCount: totalOf(imported.layers, 'parameterCount'),
      trainableCount: totalOf(imported.layers, 'trainableCount'),
      flops: totalOf(imported.layers, 'flops'),
      producer: producerOf(file),
      size_bytes: onnx.byteLength,
    },
  };
}

/** An image is what a model with one input of height, width and one or three channels takes. */
function imageInput({ name, shape }: DeclaredInput): ImageInput | undefined {
  const [height, width, channels, ...rest] = shape;
  if (height === undefined || width === undefined || rest.length > 0) return undefined;
  if (channels !== 1 && channels !== 3) return undefined;
  return {
    tensor: name,
    type: 'uint8',
    layout: 'nhwc',
    channels,
    channelOrder: 'rgb',
    height,
    width,
    scale: new Array<number>(channels).fill(1),
    offset: new Array<number>(channels).fill(0),
    dynamicBatch: true,
  };
}

function inputSpecs(graph: Graph): TensorSpec[] {
  return graph.nodes.flatMap(({ op }) =>
    op.kind === 'input' ? [{ name: op.name, type: op.type, shape: op.shape }] : [],
  );
}

/** Texts of files are cut: they stand in lists. */
function producerOf({ keras, kerasVersion }: KerasFile): string {
  return `Keras ${kerasVersion?.slice(0, 40) ?? keras ?? ''}`.trim();
}
