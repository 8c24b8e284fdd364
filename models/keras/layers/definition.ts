import type { LayerRef } from '../../graph/layer-ref.ts';
import type { Value } from '../../graph/ops/definition.ts';
import type { Op } from '../../graph/ops/index.ts';
import type { Weight } from '../../graph/weight.ts';
import type { Activation, KerasMajor } from '../config/activations.ts';
import type { OptionReader } from '../config/options.ts';
import type { CallArguments } from './arguments.ts';

/** Shapes by weight name, in Keras' order; undefined for a weight that the layer's options leave out. */
export type WeightShapes = Readonly<Record<string, readonly number[] | undefined>>;

export type Weights<S extends WeightShapes> = {
  readonly [K in keyof S]: S[K] extends readonly number[] ? Weight : Weight | undefined;
};

/** What a layer works with while one of its calls is put into the graph. */
export interface LayerContext {
  readonly ref: LayerRef;
  readonly options: OptionReader;
  /** What the call is given besides its inputs. */
  readonly arguments: CallArguments;
  /** Which Keras wrote the file. */
  readonly keras: KerasMajor;
  /**
   * The layer's weights from the file, checked against the shapes; the same objects for every call of the layer.
   * @param frozen weights that training never changes by gradient (moving statistics)
   */
  weights<S extends WeightShapes>(shapes: S, frozen?: readonly (keyof S)[]): Weights<S>;
  add(op: Op, inputs: readonly Value[]): Value;
  /** Adds an activation, or nothing for `linear`. */
  activate(activation: Activation, value: Value): Value;
  /** Reads the option `activation` and adds it. */
  fusedActivation(value: Value): Value;
}

/** One Keras layer: how its options, weights and inputs become nodes. */
export interface LayerDefinition {
  /** Keras' class names. */
  readonly classNames: readonly string[];
  /** True when `training=True` in a call changes the result. */
  readonly differsInTraining?: boolean;
  /**
   * Reads every option and argument it honours; those that nobody read are refused afterwards.
   *
   * @param inputs the tensors of the first argument of the call
   * @returns what comes out; a list where Keras gives several tensors (states of an RNN, attention scores …)
   */
  build(layer: LayerContext, inputs: readonly Value[]): Value | readonly Value[];
}
