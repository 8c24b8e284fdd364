import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import type { MergeOp } from '../../graph/ops/merging.ts';
import { featureAxis } from './axis.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';
import { maskedExtreme, maskedProduct } from './masking.ts';

function mergeLayer(className: string, mode: MergeOp['mode']): LayerDefinition {
  return {
    classNames: [className],
    build(layer, inputs) {
      const masks = inputs.map((input) => layer.maskOf(input));
      // Keras 3 leaves what is masked out of these; other merging layers take it as it is.
      const matters = layer.keras === 3 && masks.some((mask) => mask !== undefined);
      if (matters && mode === 'multiply') return maskedProduct(layer, inputs, masks);
      if (matters && (mode === 'maximum' || mode === 'minimum'))
        return maskedExtreme(layer, mode, inputs, masks);
      return layer.add({ kind: 'merge', mode }, sameRank(layer, inputs));
    },
  };
}

/** Keras gives inputs of lower rank axes of length 1 after the batch. */
function sameRank(layer: LayerContext, inputs: readonly Value[]): Value[] {
  const rank = Math.max(...inputs.map((input) => input.shape.length));
  return inputs.map((input) => {
    const missing = rank - input.shape.length;
    if (missing === 0) return input;
    const shape = [...new Array<number>(missing).fill(1), ...input.shape];
    return layer.add({ kind: 'reshape', shape }, [input]);
  });
}

export const mergingLayers: readonly LayerDefinition[] = [
  mergeLayer('Add', 'add'),
  mergeLayer('Subtract', 'subtract'),
  mergeLayer('Multiply', 'multiply'),
  mergeLayer('Average', 'average'),
  mergeLayer('Maximum', 'maximum'),
  mergeLayer('Minimum', 'minimum'),
  {
    classNames: ['Concatenate'],
    build(layer, inputs) {
      const axis = layer.options.integer('axis', -1);
      const [first] = inputs;
      return layer.add(
        { kind: 'concat', axis: featureAxis(layer, axis, first ?? singleInput(inputs, layer.ref)) },
        inputs,
      );
    },
  },
];
