import { unsupported } from '../../model-error.ts';
import type { LayerDefinition } from './definition.ts';

/** Layers of Keras 2 with a kernel for each position: known by name, so that the refusal says what to do. */
export const locallyConnectedLayers: readonly LayerDefinition[] = [
  {
    classNames: ['LocallyConnected1D', 'LocallyConnected2D'],
    build(layer) {
      throw unsupported(
        layer.ref,
        'locally connected layers, which Keras 3 dropped, are not supported',
        'Replace the layer by a convolution, or export the model to ONNX and register that file.',
      );
    },
  },
];
