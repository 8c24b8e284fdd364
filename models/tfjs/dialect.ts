/**
 * Where TensorFlow.js computes something else than Keras does by the same options. Its files mean what it computes; what
 * the compiler's layers, which follow Keras, would compute otherwise is refused.
 */
import type { ModelConfig } from '../keras/config/architecture.ts';
import { unsupported } from '../model-error.ts';

const HINT = 'Register the Keras file that the model was converted from, which is clear about it.';

/** @throws ModelError naming the layer */
export function refuseOtherMeaning(model: ModelConfig): void {
  for (const { className, options, ref, model: inner } of model.layers) {
    if (inner !== undefined) refuseOtherMeaning(inner);
    // Measured: bilinear resizing in TensorFlow.js' layers begins at the corner of a pixel, in Keras at its middle.
    if (className === 'UpSampling2D' && options.interpolation === 'bilinear') {
      throw unsupported(ref, 'TensorFlow.js interpolates otherwise than Keras (bilinear)', HINT);
    }
    if (className === 'Resizing') {
      throw unsupported(ref, 'TensorFlow.js resizes otherwise than Keras', HINT);
    }
  }
}
