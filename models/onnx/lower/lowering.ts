import type { LayerRef } from '../../graph/layer-ref.ts';
import type { Value } from '../../graph/ops/definition.ts';
import type { Weight } from '../../graph/weight.ts';
import type { Attributes, OnnxGraphWriter } from '../graph-writer.ts';

/** What the lowering of one node works with. */
export interface Lowering {
  readonly writer: OnnxGraphWriter;
  readonly layer: LayerRef;
  readonly inputs: readonly Value[];
  readonly output: Value;
  /** Adds an ONNX node; gives the name of its output. */
  op(type: string, inputs: readonly string[], attributes?: Attributes): string;
  /** The names that `make` gives, made once for all nodes of the same owner and inputs. */
  shared(owner: object, make: () => readonly string[]): readonly string[];
  /** A weight as it is (or as `data` and `shape` say), stored once however many nodes share it. */
  weight(weight: Weight, form: string, make?: () => { shape: readonly number[]; data: Float32Array }): string;
}

/** Writes a node as ONNX; `inputs` are tensor names, the result is the name of what comes out. */
export type Lower<Op> = (op: Op, inputs: readonly string[], lowering: Lowering) => string;
