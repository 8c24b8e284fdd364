/**
 * Where TensorFlow.js computes something else than Keras does by the same options. Its files mean what it computes; what
 * the compiler's layers, which follow Keras, would compute otherwise is refused. Found by comparing each layer with it.
 */
import type { Value } from '../graph/ops/definition.ts';
import type { LayerConfig } from '../keras/config/architecture.ts';
import { isList } from '../keras/config/json.ts';
import { unsupported } from '../model-error.ts';

const HINT = 'Register the Keras file that the model was converted from, which is clear about it.';

/** @throws ModelError naming the layer */
export function refuseOtherMeaning({ className, options, ref }: LayerConfig, inputs: readonly Value[]): void {
  switch (className) {
    case 'BatchNormalization': {
      const axis = isList(options.axis) ? options.axis[0] : options.axis;
      const rank = (inputs[0]?.shape.length ?? 0) + 1;
      if (axis === undefined || axis === null || axis === -1 || axis === rank - 1) return;
      // It repeats the statistics along the last axis, whatever the axis is.
      throw unsupported(ref, 'TensorFlow.js normalises wrongly along other axes than the last', HINT);
    }
    case 'UpSampling2D':
      if (options.interpolation !== 'bilinear') return;
      // It begins at the corner of a pixel, Keras at its middle.
      throw unsupported(ref, 'TensorFlow.js interpolates otherwise than Keras (bilinear)', HINT);
    case 'Resizing':
      throw unsupported(ref, 'TensorFlow.js resizes otherwise than Keras', HINT);
    default:
  }
}
