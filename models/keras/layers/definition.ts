import type { LayerRef } from '../../graph/layer-ref.ts';
import type { Value } from '../../graph/ops/definition.ts';
import type { Op } from '../../graph/ops/index.ts';
import type { Weight } from '../../graph/weight.ts';
import type { Activation, KerasMajor } from '../config/activations.ts';
import type { OptionReader } from '../config/options.ts';
import type { CallArgument, CallArguments } from './arguments.ts';

/** Shapes by weight name, in Keras' order; undefined for a weight that the layer's options leave out. */
export type WeightShapes = Readonly<Record<string, readonly number[] | undefined>>;

export type Weights<S extends WeightShapes> = {
  readonly [K in keyof S]: S[K] extends readonly number[] ? Weight : Weight | undefined;
};

/** A layer or cell that is part of another layer: where its weights are. */
export interface LayerPart {
  /** The attributes that lead to it, as .keras files name them: `forward_layer`, `cell/cells/lstm_cell`. */
  readonly storage: string;
  /** Other attributes that may lead to it: names of attributes are Keras' own business. */
  readonly otherStorage?: string | undefined;
  /** Its name, in files that name weights; left out where these do not tell it from the layer itself. */
  readonly name?: string | undefined;
}

/** A layer that stands among another one's options (TimeDistributed, Bidirectional), ready to be called. */
export interface WrappedLayer {
  readonly ref: LayerRef;
  readonly className: string;
  readonly options: OptionReader;
  /** @param named further arguments of the call */
  call(inputs: readonly Value[], named?: Readonly<Record<string, CallArgument>>): readonly Value[];
}

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
   * @param part whose weights, where they are not the layer's own
   */
  weights<S extends WeightShapes>(shapes: S, frozen?: readonly (keyof S)[], part?: LayerPart): Weights<S>;
  /**
   * A layer among the options; the same one for every call.
   * @param entry its configuration as the file has it
   */
  wrapped(entry: unknown, part: LayerPart): WrappedLayer;
  /** The mask of the call's inputs: the argument `mask`, else what the first input carries; undefined for none. */
  mask(): Value | undefined;
  /** The mask that a tensor carries. */
  maskOf(value: Value): Value | undefined;
  /** Gives a tensor a mask, as Keras' layers do with what they return. */
  setMask(value: Value, mask: Value | undefined): void;
  /** Takes the mask off a tensor, for all layers that come after. */
  dropMask(value: Value): void;
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
  /** True for layers that take whole numbers as they are; for all others they become float32. */
  readonly takesIntegers?: boolean;
  /**
   * Reads every option and argument it honours; those that nobody read are refused afterwards.
   *
   * @param inputs the tensors of the first argument of the call
   * @returns what comes out; a list where Keras gives several tensors (states of an RNN, attention scores …)
   */
  build(layer: LayerContext, inputs: readonly Value[]): Value | readonly Value[];
}
