/** Where in the model file a node came from: every error about the node names it. */
export interface LayerRef {
  /** Path of layer names, outermost model first: `features/conv1`. */
  readonly name: string;
  /** Keras' class name, or a word of ours for what no layer asked for (`preprocess`). */
  readonly className: string;
}
