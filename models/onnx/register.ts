import type { CompiledModel, CompileOptions } from '../artifact.ts';
import { invalidFile } from '../model-error.ts';
export function registerOnnx(_bytes: Uint8Array, _options: CompileOptions, _v: number): CompiledModel {
  throw invalidFile('todo');
}
