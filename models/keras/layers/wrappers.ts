/** Layers around another layer: Bidirectional and TimeDistributed. */
import type { Value } from '../../graph/ops/definition.ts';
import { singleInput } from '../../graph/ops/image-input.ts';
import { at } from '../../graph/weight.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isRecord, type Json } from '../config/json.ts';
import type { CallArgument } from './arguments.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';
import { givenStates, reversed } from './recurrence.ts';

const MERGE_MODES = ['concat', 'sum', 'mul', 'ave'] as const;

const bidirectional: LayerDefinition = {
  classNames: ['Bidirectional'],
  differsInTraining: true,
  build(layer, inputs) {
    const { options } = layer;
    const raw = options.raw('merge_mode');
    const mode =
      raw === null && options.has('merge_mode')
        ? undefined
        : options.word('merge_mode', MERGE_MODES, 'concat');
    const forwardEntry = entryOf(layer, 'layer');
    const forward = forwardEntry.config;
    const returnSequences = forward.return_sequences === true;
    const returnState = forward.return_state === true;
    const name = typeof forward.name === 'string' ? forward.name : 'layer';
    const backwardEntry =
      options.raw('backward_layer') === null ? undefined : entryOf(layer, 'backward_layer');
    // The layer for the way back is the same one turned round, unless the file has another.
    const backward = backwardEntry?.config ?? {
      ...forward,
      go_backwards: forward.go_backwards !== true,
      name: `backward_${name.replace(/^forward_/, '')}`,
    };
    // Whatever their options say, both put out zeros where a sequence is masked.
    const extra = { zero_output_for_mask: returnSequences };
    const there = layer.wrapped(
      { ...forwardEntry, config: { ...forward, ...extra, name: `forward_${name.replace(/^forward_/, '')}` } },
      { storage: 'forward_layer' },
    );
    const back = layer.wrapped(
      { ...(backwardEntry ?? forwardEntry), config: { ...backward, ...extra } },
      { storage: 'backward_layer' },
    );
    for (const option of ['return_sequences', 'return_state'] as const) {
      if ((forward[option] === true) !== (backward[option] === true)) {
        throw invalidLayer(layer.ref, `its two layers differ in ${option}`);
      }
    }
    if ((forward.go_backwards === true) === (backward.go_backwards === true)) {
      throw invalidLayer(layer.ref, 'its two layers go in the same direction');
    }
    const states = givenStates(layer, inputs);
    const mask = layer.mask();
    const half = states.length / 2;
    const sequence = inputs.slice(0, 1);
    const [first, ...firstStates] = there.call(sequence, further(states.slice(0, half), mask));
    const [turned, ...secondStates] = back.call(sequence, further(states.slice(half), mask));
    if (first === undefined || turned === undefined) throw invalidLayer(layer.ref, 'its layers give nothing');
    const second = returnSequences ? reversed(layer, turned) : turned;
    const outputs = mode === undefined ? [first, second] : [merged(layer, mode, first, second)];
    if (returnSequences) for (const output of outputs) layer.setMask(output, mask);
    return returnState ? [...outputs, ...firstStates, ...secondStates] : outputs;
  },
};

function entryOf(layer: LayerContext, option: string): Json & { readonly config: Json } {
  const entry = layer.options.raw(option);
  if (!isRecord(entry) || !isRecord(entry.config)) throw layer.options.invalid(option, 'a layer');
  return { ...entry, config: entry.config };
}

function further(states: readonly Value[], mask: Value | undefined): Record<string, CallArgument> {
  const named: Record<string, CallArgument> = {};
  if (mask !== undefined) named.mask = { kind: 'tensor', value: mask };
  if (states.length > 0) {
    named.initial_state = { kind: 'list', items: states.map((value) => ({ kind: 'tensor', value })) };
  }
  return named;
}

function merged(layer: LayerContext, mode: (typeof MERGE_MODES)[number], first: Value, second: Value): Value {
  const both = [first, second];
  switch (mode) {
    case 'concat':
      return layer.add({ kind: 'concat', axis: first.shape.length - 1 }, both);
    case 'sum':
      return layer.add({ kind: 'merge', mode: 'add' }, both);
    case 'mul':
      return layer.add({ kind: 'merge', mode: 'multiply' }, both);
    case 'ave':
      return layer.add({ kind: 'merge', mode: 'average' }, both);
  }
}

/** Layers that use a mask of their own input; others within a TimeDistributed do not see it. */
const TAKE_MASK =
  /^(SimpleRNN|LSTM|GRU|RNN|Bidirectional|ConvLSTM\dD|TimeDistributed|Softmax|GlobalAveragePooling1D|Functional|Model|Sequential)$/;

const timeDistributed: LayerDefinition = {
  classNames: ['TimeDistributed'],
  differsInTraining: true,
  takesIntegers: true,
  build(layer, inputs) {
    const input = singleInput(inputs, layer.ref);
    if (input.shape.length < 1) throw invalidLayer(layer.ref, 'its input has no steps');
    const count = at(input.shape, 0);
    const fold = (value: Value): Value => layer.add({ kind: 'steps', mode: 'fold', count }, [value]);
    const inner = layer.wrapped(layer.options.raw('layer'), { storage: 'layer' });
    const mask = layer.mask();
    const named: Record<string, CallArgument> = {};
    if (mask !== undefined && mask.shape[0] !== count) {
      throw invalidLayer(
        layer.ref,
        `a mask of shape (batch, ${mask.shape.join(', ')}) does not fit its steps`,
      );
    }
    const isModel = /^(Functional|Model|Sequential)$/.test(inner.className);
    if (mask !== undefined && TAKE_MASK.test(inner.className)) {
      if (mask.shape.length > 1) named.mask = { kind: 'tensor', value: fold(mask) };
      else if (!isModel) throw unsupported(layer.ref, `${inner.className} cannot use a mask of whole steps`);
    }
    const results = inner.call([fold(input)], named);
    const [result, ...others] = results;
    if (result === undefined || others.length > 0) {
      throw unsupported(layer.ref, `the layer within it gives ${results.length} tensors`);
    }
    const output = layer.add({ kind: 'steps', mode: 'unfold', count }, [result]);
    if (layer.keras === 2) layer.setMask(output, keras2Mask(layer, mask, layer.maskOf(result), count));
    return output;
  },
};

/** Keras 2 asks the inner layer for its mask, and else calls a step valid in which anything is. */
function keras2Mask(
  layer: LayerContext,
  mask: Value | undefined,
  inner: Value | undefined,
  count: number,
): Value | undefined {
  if (inner !== undefined) return layer.add({ kind: 'steps', mode: 'unfold', count }, [inner]);
  if (mask === undefined || mask.shape.length === 1) return mask;
  const axes = mask.shape.map((_, axis) => axis).slice(1);
  const numbers = layer.add({ kind: 'cast' }, [mask]);
  const most = layer.add({ kind: 'reduce', fn: 'max', axes }, [numbers]);
  return layer.add({ kind: 'cast', to: 'bool' }, [layer.add({ kind: 'reshape', shape: [count] }, [most])]);
}

export const wrapperLayers: readonly LayerDefinition[] = [bidirectional, timeDistributed];
