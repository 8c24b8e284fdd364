import type { Preprocess } from '../artifact.ts';

/** A weights-only HDF5 file as Keras publishes it. */
export interface WeightsFile {
  /** Name under which Keras stores it: the last part of the address. */
  readonly file: string;
  readonly url: string;
  /** What Keras' source says of the file's content; undefined where Keras publishes nothing (MobileNet, MobileNetV2). */
  readonly hash: WeightsHash | undefined;
}

export interface WeightsHash {
  readonly algorithm: 'md5' | 'sha256';
  /** Lower-case hex. */
  readonly digest: string;
}

export interface NamedModel {
  /** As Keras spells it: `MobileNetV2`. Also the value of CompileOptions.architecture. */
  readonly name: string;
  /** Height and width of the square images that the weights were made for. */
  readonly inputSize_px: number;
  /** What is done to RGB pixels 0…255 before the model; 'none' where the model does it itself. */
  readonly preprocess: Preprocess;
  /** Length of an image's features: the global average of the last convolutional block. */
  readonly featureCount: number;
  /** Numbers in all weights, the classifier's for 1,000 classes included. */
  readonly parameterCount: number;
  /** Weights of the whole network and of the network without its classifier. Features can be made with either. */
  readonly weights: { readonly top: WeightsFile; readonly notop: WeightsFile };
}
