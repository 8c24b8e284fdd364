/** ConvLSTM1D, ConvLSTM2D and ConvLSTM3D: LSTMs whose products are convolutions. */
import type { ConvRecurrence, ConvRecurrentOp } from '../../graph/ops/conv-recurrent.ts';
import type { Value } from '../../graph/ops/definition.ts';
import { describeShape, singleInput } from '../../graph/ops/image-input.ts';
import { noPads, samePads } from '../../graph/ops/window.ts';
import { at } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { cellActivation } from './cells.ts';
import { reordered } from './contraction.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';
import { givenStates, recurrentOptions, reversed } from './recurrence.ts';

function convLstmLayer(axes: number): LayerDefinition {
  return {
    classNames: [`ConvLSTM${axes}D`],
    differsInTraining: true,
    build(layer, inputs) {
      const { options } = layer;
      const given = singleInput(inputs.slice(0, 1), layer.ref);
      if (given.shape.length !== axes + 2) {
        throw invalidLayer(layer.ref, `takes a sequence of ${axes + 1} axes, not ${describeShape(given)}`);
      }
      options.ignore('dropout', 'recurrent_dropout', 'unit_forget_bias');
      const { returnSequences, returnState, backwards, zeroMasked } = recurrentOptions(layer);
      const channelsFirst = options.channelsFirst();
      const toLast = (value: Value, steps: number): Value => {
        const lead = steps === 0 ? [] : [0];
        const spatial = Array.from({ length: axes }, (_, axis) => axis + steps + 1);
        return channelsFirst ? reordered(layer, value, [...lead, ...spatial, steps]) : value;
      };
      const toFirst = (value: Value, steps: number): Value => {
        const lead = steps === 0 ? [] : [0];
        const spatial = Array.from({ length: axes }, (_, axis) => axis + steps);
        return channelsFirst ? reordered(layer, value, [...lead, axes + steps, ...spatial]) : value;
      };
      const sequence = toLast(given, 1);
      const { gates, recurrentKernel } = inputGates(layer, sequence, axes);
      const states = givenStates(layer, inputs).map((state) => toLast(state, 0));
      if (states.length !== 0 && states.length !== 2) {
        throw unsupported(layer.ref, `is called with ${states.length} states; it has 2`);
      }
      const mask = layer.mask();
      const activation = cellActivation(layer, options.raw('activation') ?? 'linear');
      const recurrentActivation = cellActivation(layer, options.raw('recurrent_activation') ?? 'linear');
      if (activation.kind === 'softmax' || recurrentActivation.kind === 'softmax') {
        throw unsupported(layer.ref, 'softmax within its cell is not supported');
      }
      const recurrence: ConvRecurrence = {
        recurrentKernel,
        activation,
        recurrentActivation,
        backwards,
        statesGiven: states.length > 0,
        masked: mask !== undefined,
        zeroMasked: zeroMasked && mask !== undefined,
      };
      const operands = [gates, ...states, ...(mask === undefined ? [] : [mask])];
      const result = (of: ConvRecurrentOp['result']): Value =>
        layer.add({ kind: 'convRecurrent', recurrence, result: of }, operands);
      const ends = returnState ? [0, 1].map((state) => toFirst(result({ state }), 0)) : [];
      if (!returnSequences) return [toFirst(result('last'), 0), ...ends];
      const inOrder = result('sequence');
      const output = toFirst(backwards ? reversed(layer, inOrder) : inOrder, 1);
      layer.setMask(output, mask);
      return [output, ...ends];
    },
  };
}

/** One convolution for all steps and gates. */
function inputGates(layer: LayerContext, sequence: Value, axes: number) {
  const { options } = layer;
  const [count = 0, ...image] = sequence.shape;
  const size = options.counts('kernel_size', axes);
  const strides = options.counts('strides', axes, 1);
  const dilations = options.counts('dilation_rate', axes, 1);
  const filters = options.count('filters');
  const same = options.word('padding', ['valid', 'same'], 'valid') === 'same';
  const pads = same ? samePads({ size, strides, dilations }, image.slice(0, axes)) : noPads(axes);
  const read = layer.weights(
    {
      kernel: [...size, at(image, axes), 4 * filters],
      recurrent_kernel: [...size, filters, 4 * filters],
      bias: options.flag('use_bias', true) ? [4 * filters] : undefined,
    },
    [],
    { storage: 'cell' },
  );
  const { kernel, bias, recurrent_kernel: recurrentKernel } = read;
  const images = layer.add({ kind: 'steps', mode: 'fold', count }, [sequence]);
  const layout = 'channelsLast';
  const window = { strides, dilations, groups: 1, pads, layout } as const;
  const added = layer.add({ kind: 'conv', kernel, bias, depthwise: false, ...window }, [images]);
  return { gates: layer.add({ kind: 'steps', mode: 'unfold', count }, [added]), recurrentKernel };
}

export const convRecurrentLayers: readonly LayerDefinition[] = [1, 2, 3].map(convLstmLayer);
