import type { LayerRef } from '../../graph/layer-ref.ts';
import { invalidLayer, unsupported } from '../../model-error.ts';
import { isList, isRecord, type Json, show } from './json.ts';

/** Options of every layer that have no effect on what it computes once it is trained. */
const WITHOUT_EFFECT = new Set([
  'name',
  'trainable',
  'dtype',
  'batch_input_shape',
  'batch_shape',
  'batch_size',
  'input_shape',
  'input_dtype',
  'activity_regularizer',
  'seed',
]);
const TRAINING_ONLY = /_(initializer|regularizer|constraint)$/;

/**
 * A layer's options. What is read is checked; what nobody read and is set to something is an option that the compiler
 * does not know, and refused, so that a newer Keras is never misread.
 */
export class OptionReader {
  readonly #layer: LayerRef;
  readonly #options: Json;
  readonly #known = new Set<string>();

  constructor(layer: LayerRef, options: Json) {
    this.#layer = layer;
    this.#options = options;
  }

  /** The value as it stands in the file; null where it is left out. */
  raw(name: string): unknown {
    this.#known.add(name);
    const value = this.#options[name] ?? null;
    // Keras 2.2 wrote NumPy numbers as {"type": "ndarray", "value": 0.3}.
    return isRecord(value) && value.type === 'ndarray' ? value.value : value;
  }

  /** True when the option stands in the file, even as null. */
  has(name: string): boolean {
    return name in this.#options;
  }

  number(name: string, fallback: number): number {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.#invalid(name, value, 'a number');
    return value;
  }

  optionalNumber(name: string): number | undefined {
    return this.raw(name) === null ? undefined : this.number(name, 0);
  }

  /** A whole number of at least 1. */
  count(name: string, fallback?: number): number {
    const value = this.raw(name) ?? fallback;
    if (!isCount(value)) throw this.#invalid(name, value, 'a positive whole number');
    return value;
  }

  integer(name: string, fallback: number): number {
    const value = this.number(name, fallback);
    if (!Number.isSafeInteger(value)) throw this.#invalid(name, value, 'a whole number');
    return value;
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.raw(name) ?? fallback;
    if (typeof value !== 'boolean') throw this.#invalid(name, value, 'true or false');
    return value;
  }

  /** One of the words; anything else is refused as unsupported. */
  word<W extends string>(name: string, words: readonly W[], fallback: W): W {
    const value = this.raw(name) ?? fallback;
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) {
      throw unsupported(this.#layer, `option ${name} = ${show(value)} is not supported`);
    }
    return word;
  }

  /** A positive number for each of so many axes: one for all, or one each. */
  counts(name: string, axes: number, fallback?: number): readonly number[] {
    const value = this.raw(name) ?? fallback;
    const numbers = isList(value) ? value : new Array<unknown>(axes).fill(value);
    if (numbers.length !== axes || !numbers.every(isCount)) {
      throw this.#invalid(
        name,
        value,
        axes === 1 ? 'a positive whole number' : `one or ${axes} positive whole numbers`,
      );
    }
    return numbers;
  }

  /** True when the layer's own option says that channels stand before the spatial axes. */
  channelsFirst(): boolean {
    return (
      this.word('data_format', ['channels_last', 'channels_first'], 'channels_last') === 'channels_first'
    );
  }

  /** Options that are known to have no effect here. */
  ignore(...names: readonly string[]): void {
    for (const name of names) this.#known.add(name);
  }

  /** Refuses options that nobody has read and that are set. */
  finish(): void {
    for (const [name, value] of Object.entries(this.#options)) {
      if (this.#known.has(name) || WITHOUT_EFFECT.has(name) || TRAINING_ONLY.test(name)) continue;
      if (value === null || value === false) continue;
      throw unsupported(this.#layer, `option ${name} = ${show(value)} is not known`);
    }
  }

  invalid(name: string, expected: string): Error {
    return this.#invalid(name, this.raw(name), expected);
  }

  #invalid(name: string, value: unknown, expected: string): Error {
    return invalidLayer(this.#layer, `option ${name} = ${show(value)} is not ${expected}`);
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1;
}
