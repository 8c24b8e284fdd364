/**
 * Builds an architecture in the JSON that Keras 3 writes for a functional model, one layer after the other. Sizes are
 * followed on the way, because some paddings depend on them. Layers without a name are named as Keras names them.
 */
import { kerasSnakeCase } from '../../keras/config/snake-case.ts';
import { kerasOrder } from './keras-order.ts';
import {
  channels,
  type LayerEntry,
  type Margins,
  type Padding,
  pair,
  resize,
  type Size,
  slide,
  type Tensor,
} from './tensor.ts';

export interface ConvolutionOptions {
  readonly name?: string;
  readonly strides?: number;
  readonly padding?: Padding;
  readonly bias?: boolean;
  readonly activation?: string;
  readonly groups?: number;
}

export interface BatchNormOptions {
  readonly name?: string;
  readonly axis?: number;
  readonly epsilon?: number;
  readonly momentum?: number;
  readonly scale?: boolean;
}

export interface PoolOptions {
  readonly name?: string;
  readonly strides: number;
  readonly padding?: Padding;
}

const CHANNELS_LAST = { data_format: 'channels_last' };

export class ArchitectureBuilder {
  readonly #counts = new Map<string, number>();

  input(shape: readonly number[]): Tensor {
    return this.layer('InputLayer', { batch_shape: [null, ...shape] }, [], shape);
  }

  convolution(x: Tensor, filters: number, kernel: Size, options: ConvolutionOptions = {}): Tensor {
    const { name, strides = 1, padding = 'valid', bias = true, activation = 'linear', groups = 1 } = options;
    const config = { filters, ...window(kernel, strides, padding), groups, activation, use_bias: bias };
    const shape = [...slide(x, pair(kernel), strides, padding), filters];
    return this.layer('Conv2D', config, [x], shape, name);
  }

  depthwise(x: Tensor, kernel: number, options: ConvolutionOptions): Tensor {
    const { name, strides = 1, padding = 'valid', bias = true, activation = 'linear' } = options;
    const config = { ...window(kernel, strides, padding), depth_multiplier: 1, activation, use_bias: bias };
    const shape = [...slide(x, pair(kernel), strides, padding), channels(x)];
    return this.layer('DepthwiseConv2D', config, [x], shape, name);
  }

  separable(x: Tensor, filters: number, kernel: number, options: ConvolutionOptions): Tensor {
    const { name, strides = 1, padding = 'valid', bias = true, activation = 'linear' } = options;
    const config = {
      filters,
      ...window(kernel, strides, padding),
      depth_multiplier: 1,
      activation,
      use_bias: bias,
    };
    const shape = [...slide(x, pair(kernel), strides, padding), filters];
    return this.layer('SeparableConv2D', config, [x], shape, name);
  }

  dense(x: Tensor, units: number, activation: string, name: string): Tensor {
    const shape = [...x.shape.slice(0, -1), units];
    return this.layer('Dense', { units, activation, use_bias: true }, [x], shape, name);
  }

  batchNorm(x: Tensor, options: BatchNormOptions): Tensor {
    const { name, axis = -1, epsilon = 1e-3, momentum = 0.99, scale = true } = options;
    const config = { axis, momentum, epsilon, center: true, scale };
    return this.layer('BatchNormalization', config, [x], x.shape, name);
  }

  layerNorm(x: Tensor, epsilon: number, name?: string): Tensor {
    const config = { axis: [-1], epsilon, center: true, scale: true };
    return this.layer('LayerNormalization', config, [x], x.shape, name);
  }

  activation(x: Tensor, activation: string, name?: string): Tensor {
    return this.layer('Activation', { activation }, [x], x.shape, name);
  }

  relu(x: Tensor, name?: string, maxValue: number | null = null): Tensor {
    const config = { max_value: maxValue, negative_slope: 0, threshold: 0 };
    return this.layer('ReLU', config, [x], x.shape, name);
  }

  zeroPadding(x: Tensor, padding: Margins, name?: string): Tensor {
    const shape = resize(x, padding, 1);
    return this.layer('ZeroPadding2D', { padding, ...CHANNELS_LAST }, [x], shape, name);
  }

  cropping(x: Tensor, cropping: Margins, name?: string): Tensor {
    const shape = resize(x, cropping, -1);
    return this.layer('Cropping2D', { cropping, ...CHANNELS_LAST }, [x], shape, name);
  }

  maxPool(x: Tensor, size: number, options: PoolOptions): Tensor {
    return this.#pool('MaxPooling2D', x, size, options);
  }

  averagePool(x: Tensor, size: number, options: PoolOptions): Tensor {
    return this.#pool('AveragePooling2D', x, size, options);
  }

  globalAverage(x: Tensor, name?: string, keepdims = false): Tensor {
    return this.#globalPool('GlobalAveragePooling2D', x, keepdims, name);
  }

  globalMax(x: Tensor, name?: string, keepdims = false): Tensor {
    return this.#globalPool('GlobalMaxPooling2D', x, keepdims, name);
  }

  add(inputs: readonly [Tensor, ...Tensor[]], name?: string): Tensor {
    return this.layer('Add', {}, inputs, inputs[0].shape, name, { list: true });
  }

  /** A feature map times one factor a channel. */
  multiply(map: Tensor, factors: Tensor, name?: string): Tensor {
    return this.layer('Multiply', {}, [map, factors], map.shape, name, { list: true });
  }

  concatenate(inputs: readonly [Tensor, ...Tensor[]], axis: number, name?: string): Tensor {
    const sum = inputs.reduce((total, input) => total + channels(input), 0);
    const shape = [...inputs[0].shape.slice(0, -1), sum];
    return this.layer('Concatenate', { axis }, inputs, shape, name, { list: true });
  }

  flatten(x: Tensor, name?: string): Tensor {
    const size = x.shape.reduce((product, length) => product * length, 1);
    return this.layer('Flatten', CHANNELS_LAST, [x], [size], name);
  }

  reshape(x: Tensor, shape: readonly number[], name?: string): Tensor {
    return this.layer('Reshape', { target_shape: shape }, [x], shape, name);
  }

  /** @param noiseShape set where whole images are dropped from a branch (stochastic depth) */
  dropout(
    x: Tensor,
    rate: number,
    name?: string,
    noiseShape: readonly (number | null)[] | null = null,
  ): Tensor {
    return this.layer('Dropout', { rate, noise_shape: noiseShape }, [x], x.shape, name);
  }

  rescaling(x: Tensor, scale: number | readonly number[], offset: number, name?: string): Tensor {
    return this.layer('Rescaling', { scale, offset }, [x], x.shape, name);
  }

  /** @param known mean and variance that the configuration holds; without them they are weights */
  normalization(
    x: Tensor,
    axis: number,
    known?: { readonly mean: readonly number[]; readonly variance: readonly number[] },
    name?: string,
  ): Tensor {
    const config = { axis: [axis], mean: known?.mean ?? null, variance: known?.variance ?? null };
    return this.layer('Normalization', config, [x], x.shape, name);
  }

  /** An operation that Keras writes as a layer: a tensor plus or times a number, or a sum of two tensors. */
  operation(kind: 'Add' | 'Multiply', x: Tensor, other: Tensor | number): Tensor {
    const operands = typeof other === 'number' ? [x] : [x, other];
    const module = 'keras.src.ops.numpy';
    const args = [x, other].map((operand) => (typeof operand === 'number' ? operand : reference(operand)));
    return this.layer(kind, {}, operands, x.shape, undefined, { module, args });
  }

  /** A chain of layers that Keras keeps as a model of its own. */
  sequential(x: Tensor, name: string, chain: (builder: ArchitectureBuilder, x: Tensor) => Tensor): Tensor {
    const start = this.input(x.shape);
    const end = chain(this, start);
    const entries: LayerEntry[] = [];
    for (let at: Tensor | undefined = end; at !== undefined; at = at.inputs[0]) {
      const { inbound_nodes: _, ...entry } = at.entry;
      entries.unshift(entry);
    }
    return this.layer('Sequential', { layers: entries }, [x], end.shape, name, { module: 'keras' });
  }

  /**
   * Any layer. `options.list` when it takes its inputs as one list; `options.args` when they are not tensors alone.
   */
  layer(
    className: string,
    config: Readonly<Record<string, unknown>>,
    inputs: readonly Tensor[],
    shape: readonly number[],
    name: string = this.#autoName(className),
    options: { readonly module?: string; readonly list?: boolean; readonly args?: readonly unknown[] } = {},
  ): Tensor {
    const references = inputs.map(reference);
    const args = options.args ?? (options.list === true ? [references] : references);
    const entry = {
      module: options.module ?? 'keras.layers',
      class_name: className,
      config: { name, ...config },
      registered_name: options.module === undefined ? null : className,
      name,
      inbound_nodes: inputs.length === 0 ? [] : [{ args, kwargs: {} }],
    };
    return { name, className, shape, inputs, entry };
  }

  #pool(className: string, x: Tensor, size: number, options: PoolOptions): Tensor {
    const { name, strides, padding = 'valid' } = options;
    const config = {
      pool_size: [size, size],
      strides: [strides, strides],
      padding,
      ...CHANNELS_LAST,
    };
    const shape = [...slide(x, [size, size], strides, padding), channels(x)];
    return this.layer(className, config, [x], shape, name);
  }

  #globalPool(className: string, x: Tensor, keepdims: boolean, name?: string): Tensor {
    const shape = keepdims ? [1, 1, channels(x)] : [channels(x)];
    return this.layer(className, { ...CHANNELS_LAST, keepdims }, [x], shape, name);
  }

  /** `conv2d`, `conv2d_1` …: the class in snake case, counted. */
  #autoName(className: string): string {
    const base = kerasSnakeCase(className);
    const count = this.#counts.get(base) ?? 0;
    this.#counts.set(base, count + 1);
    return count === 0 ? base : `${base}_${count}`;
  }
}

/** The whole model as Keras' JSON, layers in Keras' order. */
export function functionalModel(name: string, output: Tensor): unknown {
  const layers = kerasOrder(output, (tensor) => tensor.inputs);
  const input = layers.find(({ className }) => className === 'InputLayer');
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name,
      trainable: true,
      layers: layers.map(({ entry }) => entry),
      input_layers: [input?.name, 0, 0],
      output_layers: [output.name, 0, 0],
    },
    registered_name: 'Functional',
  };
}

function reference({ name, shape }: Tensor): unknown {
  return {
    class_name: '__keras_tensor__',
    config: { shape: [null, ...shape], dtype: 'float32', keras_history: [name, 0, 0] },
  };
}

function window(kernel: Size, strides: number, padding: Padding): Record<string, unknown> {
  return {
    kernel_size: pair(kernel),
    strides: [strides, strides],
    padding,
    ...CHANNELS_LAST,
    dilation_rate: [1, 1],
  };
}
