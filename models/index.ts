/**
 * The models room: a model file in, one ONNX artifact out. It knows nothing of SQL, sockets or where files come from.
 *
 *   file bytes ── detect ──┬─ keras/read    HDF5 or zip → architecture (JSON) and weights, both checked
 *                          │  keras/config  the dialects of Keras 2 and 3 → one description of layers and calls
 *                          │  keras/layers  one definition for each class: options + weights → nodes
 *                          │      ▼
 *                          │  graph/        the typed graph: what the model means, channels last, as Keras has it
 *                          │      ▼
 *                          │  passes/       graph → graph: training goes, constants fold, channels come first
 *                          │      ▼
 *                          │  onnx/lower    each kind of node → ONNX; onnx/wire writes the protobuf
 *                          │  (tfjs/ reads model.json and the files of weights beside it into the same description)
 *                          └─ onnx/register a foreign ONNX file: scanned, described, kept as it is
 *
 * `compileInChild` does this in a process with a memory limit and deadlines, and tries the artifact there.
 *
 * To add a layer: a definition in keras/layers (and its line in keras/layers/index.ts), a case in
 * keras/fixtures/make_fixtures.py. When no kind of node can say what it computes: a kind in graph/ops and its lowering
 * in onnx/lower; the tables there do not compile until both are complete. To add a pass: a file in passes with its
 * test, and its place in the list of passes/index.ts. To see what became of a model: `npx tsx` a few lines that call
 * `compileModel` and open the bytes in any ONNX viewer; tensors are named after layers.
 */
export type {
  CompiledModel,
  CompileOptions,
  ImageInput,
  LayerSummary,
  Manifest,
  ModelFormat,
  Preprocess,
  TensorSpec,
} from './artifact.ts';
export { PREPROCESS_MODES } from './artifact.ts';
export { COMPILER_VERSION, compileModel } from './compile.ts';
export { type CompileLimits, compileInChild } from './compile-in-child.ts';
export { printable, summaryText } from './describe.ts';
export { ModelError } from './model-error.ts';
export { type ModelFile, modelSize_bytes, type NeededPart, withParts } from './model-parts.ts';
export { checkTokenizerInChild, type TokenizerSummary } from './text/check-in-child.ts';
