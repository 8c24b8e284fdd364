import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { Weight } from '../../graph/weight.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

/** Where numbers differ from a constant. */
function differsFrom(layer: LayerContext, value: Value, constant: number): Value {
  const operand = new Weight(`${layer.ref.name}/${constant}`, [], Float32Array.of(constant));
  return layer.add({ kind: 'elementwise', fn: 'notEqual', operands: [undefined, operand] }, [value]);
}

export const embeddingLayers: readonly LayerDefinition[] = [
  {
    classNames: ['Embedding'],
    takesIntegers: true,
    build(layer, inputs) {
      const { options } = layer;
      const ids = singleInput(inputs, layer.ref);
      options.ignore('input_length', 'quantization_config');
      const { embeddings } = layer.weights({
        embeddings: [options.count('input_dim'), options.count('output_dim')],
      });
      const whole = ids.type === 'int32' ? ids : layer.add({ kind: 'cast', to: 'int32' }, [ids]);
      const value = layer.add({ kind: 'embedding', table: embeddings }, [whole]);
      if (options.flag('mask_zero', false)) layer.setMask(value, differsFrom(layer, ids, 0));
      return value;
    },
  },
  {
    classNames: ['Masking'],
    build(layer, inputs) {
      const input = singleInput(inputs, layer.ref);
      const differs = differsFrom(layer, input, layer.options.number('mask_value', 0));
      const last = input.shape.length - 1;
      // ONNX reduces numbers, not truth values.
      const numbers = layer.add({ kind: 'cast' }, [differs]);
      const most = layer.add({ kind: 'reduce', fn: 'max', axes: [last] }, [numbers]);
      const valid = layer.add({ kind: 'cast', to: 'bool' }, [most]);
      const zero = new Weight(`${layer.ref.name}/0`, [], Float32Array.of(0));
      const value = layer.add({ kind: 'elementwise', fn: 'select', operands: [undefined, undefined, zero] }, [
        valid,
        input,
      ]);
      layer.setMask(value, layer.add({ kind: 'reshape', shape: input.shape.slice(0, last) }, [valid]));
      return value;
    },
  },
];
