/** The compiler: a model file's bytes in, one ONNX graph and its manifest out. */
import { createHash } from 'node:crypto';
import { SqlensError, unreachable } from '../common/errors.ts';
import type {
  CompiledModel,
  CompileOptions,
  ImageInput,
  ModelFormat,
  Preprocess,
  TensorSpec,
} from './artifact.ts';
import { detectFormat, isZip } from './detect.ts';
import type { Graph, GraphBuilder } from './graph/graph.ts';
import type { Value } from './graph/ops/definition.ts';
import { imageInput, inDeclaredOrder } from './image-input.ts';
import { type DeclaredInput, importModel } from './keras/import.ts';
import { architectureInFile, type KerasFile, withH5File, withKerasArchive } from './keras/read/model-file.ts';
import type { KnownArchitecture } from './keras/read/weights-file.ts';
import { ZipReader } from './keras/read/zip.ts';
import { totalOf } from './keras/summary.ts';
import { MODEL_LIMITS } from './limits.ts';
import { inFile, tooLarge, unsupported } from './model-error.ts';
import { type ModelFile, modelSize_bytes } from './model-parts.ts';
import { lowerToOnnx } from './onnx/lower/index.ts';
import { registerOnnx } from './onnx/register.ts';
import { INFERENCE_PASSES, runPasses } from './passes/index.ts';
import { addPreprocess, refusePreprocess } from './preprocess.ts';
import { openTfjs, openTfjsArchive } from './tfjs/open.ts';
import { FEATURES_OUTPUT } from './zoo/features-output.ts';

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
        return await withH5File(
          file.bytes,
          (keras) => compileKeras(keras, format, options),
          knownArchitecture(options),
        );
      case 'keras':
        refuseArchitecture(options);
        return await withKerasArchive(file.bytes, (keras) => compileKeras(keras, format, options));
      case 'tfjs': {
        refuseArchitecture(options);
        const keras = isZip(file.bytes)
          ? openTfjsArchive(new ZipReader(file.bytes))
          : openTfjs(file.bytes, file.parts ?? new Map());
        return compileKeras(keras, format, options);
      }
      case 'onnx':
        refuseArchitecture(options);
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

/** Compiles an opened model. */
export function compileKeras(file: KerasFile, format: ModelFormat, options: CompileOptions): CompiledModel {
  let image: ImageInput | undefined;
  let order: readonly string[] = [];
  const feed = (input: DeclaredInput, inputs: readonly DeclaredInput[], builder: GraphBuilder): Value => {
    order = inputs.map(({ name }) => name);
    const [first, ...others] = inputs
      .map((one) => imageInput(one, file.model))
      .filter((one) => one !== undefined);
    // Of two that look like images nobody knows whether they are.
    image = others.length === 0 ? first : undefined;
    if (image === undefined) refusePreprocess(options.preprocess);
    const own = image?.tensor === input.name ? image : undefined;
    if (own !== undefined && input.whole !== undefined) refuseForWholeNumbers(input, options.preprocess);
    const type = own === undefined ? input.type : 'uint8';
    const shape = own === undefined ? input.shape : [own.height, own.width, own.channels];
    const value = builder.add({ kind: 'input', name: input.name, shape, type }, [], input.ref);
    if (own === undefined) return value;
    const pixels = addPreprocess(builder, value, options.preprocess, own.channels);
    return inDeclaredOrder(builder, pixels, input, file.model);
  };
  const imported = importModel(file.model, file.weights, file.keras, {
    feed,
    // The network of a named architecture that gives features ends with them.
    output:
      options.architecture !== undefined && options.output === FEATURES_OUTPUT ? undefined : options.output,
    inputShape: options.inputShape,
    sequenceLength: options.sequenceLength,
    refuseOtherMeaning: file.refuseOtherMeaning,
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
      inputs: inputSpecs(graph, order),
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

function knownArchitecture({
  architecture,
  output,
  inputShape,
}: CompileOptions): KnownArchitecture | undefined {
  return architecture === undefined ? undefined : { name: architecture, output, inputShape };
}

/** Keras would cut off what is behind the point. */
function refuseForWholeNumbers({ ref }: DeclaredInput, preprocess: Preprocess): void {
  if (preprocess === 'none') return;
  throw unsupported(
    ref,
    `takes whole numbers, and preprocess = '${preprocess}' makes others of them`,
    'Leave preprocess out: such a model does with its pixels 0…255 what it needs.',
  );
}

/** Formats other than HDF5 always hold an architecture. */
function refuseArchitecture({ architecture }: CompileOptions): void {
  if (architecture !== undefined) throw architectureInFile();
}

/** In the model's own order: it is that of the function's arguments. */
function inputSpecs(graph: Graph, order: readonly string[]): TensorSpec[] {
  const specs = graph.nodes.flatMap(({ op }) =>
    op.kind === 'input' ? [{ name: op.name, type: op.type, shape: op.shape }] : [],
  );
  return specs.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
}

/** Texts of files are cut: they stand in lists. */
function producerOf({ keras, kerasVersion }: KerasFile): string {
  return `Keras ${kerasVersion?.slice(0, 40) ?? keras ?? ''}`.trim();
}
