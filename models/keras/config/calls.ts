/** The calls that connect layers, in one form for every dialect of Keras' JSON. */
import { unreachable } from '../../../common/errors.ts';

/** One output of one call of a layer. */
export interface TensorRef {
  readonly layer: string;
  readonly call: number;
  /** Which of the outputs of that call. */
  readonly tensor: number;
}

/** What a layer is called with, as the file writes it. */
export type Argument =
  | { readonly kind: 'tensor'; readonly tensor: TensorRef }
  /** A list or a dictionary with tensors in it; one without is a literal. Dictionaries stand in the order of their keys. */
  | { readonly kind: 'list'; readonly items: readonly Argument[]; readonly keys?: readonly string[] }
  | { readonly kind: 'literal'; readonly value: unknown };

export interface LayerCall {
  readonly positional: readonly Argument[];
  /** By Keras' name of the argument (`training`, `mask`, `initial_state` …). */
  readonly named: Readonly<Record<string, Argument>>;
}

/** The tensors that a call needs, in the order in which they stand. */
export function tensorsOf({ positional, named }: LayerCall): TensorRef[] {
  const tensors = (argument: Argument): readonly TensorRef[] => {
    switch (argument.kind) {
      case 'tensor':
        return [argument.tensor];
      case 'list':
        return argument.items.flatMap(tensors);
      case 'literal':
        return [];
      default:
        return unreachable(argument);
    }
  };
  return [...positional, ...Object.values(named)].flatMap(tensors);
}
