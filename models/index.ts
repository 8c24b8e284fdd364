/** The models room: a model file in, one ONNX artifact out. */
export type {
  CompiledModel,
  CompileOptions,
  ImageInput,
  Manifest,
  ModelFormat,
  Preprocess,
  TensorSpec,
} from './artifact.ts';
export { COMPILER_VERSION, compileModel, type ModelFile } from './compile.ts';
export { type CompileLimits, compileInChild } from './compile-in-child.ts';
export { ModelError } from './model-error.ts';
