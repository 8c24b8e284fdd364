/**
 * In CompileOptions.output, for a known architecture: the global average of the last convolutional block, as Keras'
 * `include_top=False, pooling='avg'` gives. The same word for every model, where layer names differ.
 */
export const FEATURES_OUTPUT = 'features';
