/**
 * What every model file becomes: one ONNX graph and a manifest that says how to feed it and what comes out.
 * Both are stored under the digest of the graph; workers need nothing else.
 */

export type ModelFormat = 'keras-h5' | 'keras' | 'tfjs' | 'onnx';

/** What Keras' `preprocess_input` modes do to RGB pixels 0…255. */
export type Preprocess = 'none' | 'unit' | 'tf' | 'torch' | 'caffe';

export const PREPROCESS_MODES: readonly Preprocess[] = ['none', 'unit', 'tf', 'torch', 'caffe'];

export type IntegerType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64' | 'uint64';

export type TensorType = 'float32' | 'float16' | 'float64' | 'bool' | IntegerType;

export interface TensorSpec {
  readonly name: string;
  readonly type: TensorType;
  /** Without the batch axis; null where the size is free. */
  readonly shape: readonly (number | null)[];
}

/**
 * How the pixels of one image are laid out for the graph's image input. A compiled Keras model takes uint8 RGB,
 * NHWC, as it is (preprocessing is in the graph); a foreign ONNX file may want floats, NCHW, BGR: then a worker
 * computes `value = pixel * scale[c] + offset[c]` for each channel c in the input's channel order.
 */
export interface ImageInput {
  readonly tensor: string;
  readonly type: 'uint8' | 'float32' | 'float16';
  readonly layout: 'nhwc' | 'nchw';
  readonly channels: 1 | 3;
  readonly channelOrder: 'rgb' | 'bgr';
  readonly height: number;
  readonly width: number;
  readonly scale: readonly number[];
  readonly offset: readonly number[];
  /** False when the graph has a fixed batch. */
  readonly dynamicBatch: boolean;
}

/** A layer as Keras' summary() shows it. What is optional is missing in manifests of earlier versions, and of ONNX. */
export interface LayerSummary {
  /** Path of layer names: `features/conv1`. */
  readonly name: string;
  readonly className: string;
  /** Of its last call. */
  readonly outputShape: readonly (number | null)[];
  /** Of a layer that gives several tensors: the shapes of the others. */
  readonly otherShapes?: readonly (readonly (number | null)[])[];
  /** Numbers in its weights; of a model within the model: in all of its layers, which follow it. */
  readonly parameterCount: number;
  /** Those of them that training changes. */
  readonly trainableCount?: number;
  /** For one input row: two for each multiplication with its addition in convolutions and matrix products. */
  readonly flops?: number;
  /** `conv1[0][0]`: the layer, which of its calls, which of its outputs. */
  readonly connectedTo?: readonly string[];
  /** How many models it is nested in. */
  readonly depth?: number;
}

export interface Manifest {
  /** SHA-256, hex, of the ONNX bytes. */
  readonly digest: string;
  readonly format: ModelFormat;
  readonly preprocess: Preprocess;
  /** Version of the compiler that wrote the graph: part of the answers' key. */
  readonly compilerVersion: number;
  readonly inputs: readonly TensorSpec[];
  /** Set when exactly one of the inputs is an image. */
  readonly image: ImageInput | undefined;
  /** The outputs that are served; workers flatten each to numbers per input row. */
  readonly outputs: readonly TensorSpec[];
  /** In the file's order. */
  readonly layers: readonly LayerSummary[];
  readonly parameterCount: number;
  /** What wrote the file: `Keras 3.5.0`, `opset 17, pytorch 2.1`. Missing in older manifests, as the next two. */
  readonly producer?: string;
  readonly trainableCount?: number;
  /** Of all layers, for one input row. */
  readonly flops?: number;
  readonly size_bytes: number;
}

export interface CompileOptions {
  readonly preprocess: Preprocess;
  /** Name of an inner layer whose output is served instead of the model's own. */
  readonly output: string | undefined;
  /** Name of the architecture in the zoo that a file of weights alone belongs to. */
  readonly architecture?: string | undefined;
  /** Sizes for the axes that the model's inputs leave free, without the batch: `[224, 224, 3]`, `[128]`. */
  readonly inputShape?: readonly number[] | undefined;
  /** For a Keras model over sequences of tokens of any length: how long they are. */
  readonly sequenceLength?: number | undefined;
}

export interface CompiledModel {
  readonly manifest: Manifest;
  readonly onnx: Uint8Array;
}
