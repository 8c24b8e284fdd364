import { singleInput } from '../../graph/ops/image-input.ts';
import { at } from '../../graph/weight.ts';
import { unsupported } from '../../model-error.ts';
import { isList } from '../config/json.ts';
import { type ContractionTerms, contract } from './contraction.ts';
import type { LayerContext, LayerDefinition } from './definition.ts';

interface Equation extends ContractionTerms {
  /** Letters that stood in the equation itself; others stand for `...`. */
  readonly written: string;
}

export const einsumDenseLayer: LayerDefinition = {
  classNames: ['EinsumDense'],
  build(layer, inputs) {
    const { options } = layer;
    const input = singleInput(inputs, layer.ref);
    const { shape } = input;
    options.ignore('quantization_config', 'lora_rank');
    const equation = parseEquation(layer, shape.length);
    const declared = options.raw('output_shape');
    const sizes = isList(declared) ? declared : [declared];
    const sizeOf = (letter: string): number => {
      const axis = equation.input.indexOf(letter);
      if (axis >= 0) return at(shape, axis);
      // output_shape names what is written of the output, without a batch that is written too.
      const size = sizes[[...equation.output].filter((l) => equation.written.includes(l)).indexOf(letter)];
      if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 1) {
        throw options.invalid('output_shape', 'a shape that says how long each new axis is');
      }
      return size;
    };
    const biasAxes = options.raw('bias_axes') ?? '';
    if (typeof biasAxes !== 'string') throw options.invalid('bias_axes', 'a text of letters');
    const letters = [...equation.output].filter((letter) => biasAxes.includes(letter)).join('');
    const begins = Math.min(...[...letters].map((letter) => equation.output.indexOf(letter)));
    const biasShape = [...equation.output]
      .slice(begins)
      .map((letter) => (letters.includes(letter) ? sizeOf(letter) : 1));
    const { kernel, bias } = layer.weights({
      kernel: [...equation.kernel].map(sizeOf),
      bias: letters === '' ? undefined : biasShape,
    });
    const value = contract(layer, input, kernel, equation, bias && { weight: bias, letters });
    return layer.fusedActivation(value);
  },
};

/** Reads `abc,cd->abd`, with `...` before or behind the letters, and leaves the batch out. */
function parseEquation(layer: LayerContext, rank: number): Equation {
  const text = layer.options.raw('equation');
  const refuse = (): Error => layer.options.invalid('equation', 'an equation over a batch and one kernel');
  if (typeof text !== 'string') throw refuse();
  const match = /^(\.{3})?([a-zA-Z]*)(\.{3})?,([a-zA-Z]+)->(\.{3})?([a-zA-Z]*)(\.{3})?$/.exec(
    text.replaceAll(' ', ''),
  );
  if (match === null) throw refuse();
  const [, left, inputWritten = '', right, kernel = '', leftOut, outputWritten = '', rightOut] = match;
  if (left !== leftOut || right !== rightOut || (left !== undefined && right !== undefined)) throw refuse();
  const written = inputWritten + kernel + outputWritten;
  const spare = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'].filter(
    (l) => !written.includes(l),
  );
  const elided = left === undefined && right === undefined ? 0 : rank + 1 - inputWritten.length;
  if (elided < 0 || elided > spare.length) throw refuse();
  const dots = spare.slice(0, elided).join('');
  const full = (term: string): string =>
    left === undefined ? term + (right === undefined ? '' : dots) : dots + term;
  const [input, output] = [full(inputWritten), full(outputWritten)];
  const [batch = ''] = input;
  if (input.length !== rank + 1) throw refuse();
  if (output[0] !== batch || kernel.includes(batch)) {
    throw unsupported(layer.ref, `option equation = "${text}" does not keep the batch first`);
  }
  const rest = (term: string): string => term.slice(1);
  return {
    input: rest(input),
    kernel,
    output: rest(output),
    written: [...outputWritten].filter((letter) => letter !== batch).join(''),
  };
}
