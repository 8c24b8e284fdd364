import type { LayerRef } from '../../graph/layer-ref.ts';
import type { Value } from '../../graph/ops/definition.ts';
import { unsupported } from '../../model-error.ts';
import { show } from '../config/json.ts';

/** An argument of a call whose tensors are known. */
export type CallArgument =
  | { readonly kind: 'tensor'; readonly value: Value }
  /** Of a dictionary with its keys, in their order. */
  | { readonly kind: 'list'; readonly items: readonly CallArgument[]; readonly keys?: readonly string[] }
  | { readonly kind: 'literal'; readonly value: unknown };

/** What Keras' layers call their first argument. */
const FIRST_NAMES = ['inputs', 'query', 'sequences', 'sequence', 'data', 'images'];

/**
 * The arguments of one call of a layer. What is read is honoured; what nobody read and would change the result is
 * refused.
 */
export class CallArguments {
  readonly #layer: LayerRef;
  readonly #positional: readonly CallArgument[];
  readonly #named: Readonly<Record<string, CallArgument>>;
  readonly #read = new Set<string | number>();

  constructor(
    layer: LayerRef,
    positional: readonly CallArgument[],
    named: Readonly<Record<string, CallArgument>>,
  ) {
    this.#layer = layer;
    this.#positional = positional;
    this.#named = named;
  }

  /** The tensors of the first argument, which a call may name too. */
  inputs(): readonly Value[] {
    const name = this.#positional.length === 0 ? FIRST_NAMES.find((key) => key in this.#named) : undefined;
    const first = this.get(name ?? 'inputs', 0);
    return first === undefined ? [] : tensorsIn(first);
  }

  /** An argument by its name, or by its place among those without one; undefined when it is not given, or None. */
  get(name: string, position?: number): CallArgument | undefined {
    const key = name in this.#named ? name : position;
    if (key === undefined) return undefined;
    this.#read.add(key);
    const argument = typeof key === 'string' ? this.#named[key] : this.#positional[key];
    return argument?.kind === 'literal' && argument.value === null ? undefined : argument;
  }

  /** The tensors of all arguments but masks. */
  everyTensor(): readonly Value[] {
    const named = Object.entries(this.#named).filter(([name]) => !/mask$/.test(name));
    return [...this.#positional, ...named.map(([, argument]) => argument)].flatMap(tensorsIn);
  }

  /** The constants among the arguments. */
  literals(): readonly unknown[] {
    return [...this.#positional, ...Object.values(this.#named)].flatMap((argument) =>
      argument.kind === 'literal' ? [argument.value] : [],
    );
  }

  /** How many of the arguments hold tensors. */
  tensorArguments(): number {
    return [...this.#positional, ...Object.values(this.#named)].filter(
      (argument) => tensorsIn(argument).length > 0,
    ).length;
  }

  /** An argument that has to be one tensor. */
  tensor(name: string, position?: number): Value | undefined {
    const argument = this.get(name, position);
    if (argument === undefined || argument.kind === 'tensor') return argument?.value;
    throw unsupported(this.#layer, `is called with ${name} = ${describe(argument)}, which is not a tensor`);
  }

  /** The tensors of an argument, one or a list of them; undefined when it is not given. */
  tensors(name: string, position?: number): readonly Value[] | undefined {
    const argument = this.get(name, position);
    return argument === undefined ? undefined : tensorsIn(argument);
  }

  /** An argument that has to be a constant; undefined when it is not given, or None. */
  literal(name: string, position?: number): unknown {
    const argument = this.get(name, position);
    if (argument === undefined || argument.kind === 'literal') return argument?.value;
    throw unsupported(this.#layer, `is called with a tensor as ${name}; only constants are supported`);
  }

  /**
   * Refuses what nobody read.
   * @param differsInTraining whether `training = True` changes the layer's result
   */
  finish(differsInTraining: boolean): void {
    const given: [string | number, CallArgument][] = [
      ...this.#positional.entries(),
      ...Object.entries(this.#named),
    ];
    for (const [key, argument] of given) {
      if (this.#read.has(key) || key === 0) continue;
      if (argument.kind === 'literal' && (argument.value === null || argument.value === false)) continue;
      if (key === 'training' && !differsInTraining) continue;
      const name = typeof key === 'number' ? `argument ${key + 1}` : key;
      throw unsupported(this.#layer, `is called with ${name} = ${describe(argument)}`);
    }
  }
}

function tensorsIn(argument: CallArgument): readonly Value[] {
  if (argument.kind === 'tensor') return [argument.value];
  return argument.kind === 'list' ? argument.items.flatMap(tensorsIn) : [];
}

function describe(argument: CallArgument): string {
  switch (argument.kind) {
    case 'tensor':
      return 'a tensor';
    case 'list':
      return 'a list of tensors';
    case 'literal':
      return show(argument.value);
  }
}
