import type { ActivationOp } from '../../graph/ops/activation.ts';
import type { Lower } from './lowering.ts';

/** The constants of TensorFlow's selu. */
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

export const lowerActivation: Lower<ActivationOp> = ({ fn }, inputs, { op: emit, writer }) => {
  const [x = ''] = inputs;
  const { scalar } = bound(writer);
  const hardSigmoid = (slope: number): string =>
    emit('HardSigmoid', [x], { alpha: { float: slope }, beta: { float: 0.5 } });
  const clip = (value: string, low: number, high: number): string =>
    emit('Clip', [value, scalar(low), scalar(high)]);
  switch (fn.name) {
    case 'relu':
      return relu(fn);
    case 'elu':
      return emit('Elu', [x], { alpha: { float: fn.alpha } });
    case 'celu':
      return emit('Celu', [x], { alpha: { float: fn.alpha } });
    case 'selu':
      return emit('Selu', [x], { alpha: { float: SELU_ALPHA }, gamma: { float: SELU_SCALE } });
    case 'sigmoid':
      return emit('Sigmoid', [x]);
    case 'tanh':
      return emit('Tanh', [x]);
    case 'softplus':
      return emit('Softplus', [x]);
    case 'softsign':
      return emit('Softsign', [x]);
    case 'silu':
      return emit('Mul', [x, emit('Sigmoid', [x])]);
    case 'mish':
      return emit('Mul', [x, emit('Tanh', [emit('Softplus', [x])])]);
    case 'exponential':
      return emit('Exp', [x]);
    case 'logSigmoid':
      return emit('Neg', [emit('Softplus', [emit('Neg', [x])])]);
    case 'hardTanh':
      return clip(x, -1, 1);
    case 'tanhShrink':
      return emit('Sub', [x, emit('Tanh', [x])]);
    case 'sparsePlus':
      return sparsePlus();
    case 'sparseSigmoid':
      return hardSigmoid(0.5);
    case 'hardShrink':
      return emit('Shrink', [x], { lambd: { float: fn.threshold }, bias: { float: 0 } });
    case 'softShrink':
      return emit('Shrink', [x], { lambd: { float: fn.threshold }, bias: { float: fn.threshold } });
    case 'squareplus': {
      const root = emit('Sqrt', [emit('Add', [emit('Mul', [x, x]), scalar(fn.b)])]);
      return emit('Mul', [emit('Add', [x, root]), scalar(0.5)]);
    }
    case 'threshold':
      return emit('Where', [emit('Greater', [x, scalar(fn.threshold)]), x, scalar(fn.otherwise)]);
    case 'gelu':
      return fn.approximate ? geluTanh() : geluErf();
    case 'hardSigmoid':
      return hardSigmoid(fn.slope);
    case 'hardSilu':
      return emit('Mul', [x, hardSigmoid(fn.slope)]);
  }

  function relu(options: { maxValue: number | undefined; negativeSlope: number; threshold: number }): string {
    const { maxValue, negativeSlope, threshold } = options;
    if (threshold === 0 && negativeSlope === 0) {
      return maxValue === undefined ? emit('Relu', [x]) : clip(x, 0, maxValue);
    }
    if (threshold === 0 && maxValue === undefined) {
      return emit('LeakyRelu', [x], { alpha: { float: negativeSlope } });
    }
    // Keras' own order of work: the part above the threshold, clipped, less the slope times the part below.
    let above =
      threshold === 0
        ? emit('Relu', [x])
        : emit('Where', [emit('Greater', [x, scalar(threshold)]), x, scalar(0)]);
    if (maxValue !== undefined) above = clip(above, 0, maxValue);
    if (negativeSlope === 0) return above;
    const below = emit('Relu', [emit('Sub', [scalar(threshold), x])]);
    return emit('Sub', [above, emit('Mul', [scalar(negativeSlope), below])]);
  }

  /** A parabola between -1 and 1 joins nothing and x. */
  function sparsePlus(): string {
    const above = emit('Add', [x, scalar(1)]);
    const parabola = emit('Mul', [emit('Mul', [above, above]), scalar(0.25)]);
    const upper = emit('Where', [emit('Less', [x, scalar(1)]), parabola, x]);
    return emit('Where', [emit('LessOrEqual', [x, scalar(-1)]), scalar(0), upper]);
  }

  function geluErf(): string {
    // In this form ONNX Runtime sees what it is, and computes it as one node.
    const error = emit('Erf', [emit('Div', [x, scalar(Math.SQRT2)])]);
    return emit('Mul', [emit('Mul', [x, emit('Add', [error, scalar(1)])]), scalar(0.5)]);
  }

  function geluTanh(): string {
    const cube = emit('Mul', [emit('Mul', [x, x]), x]);
    const inner = emit('Add', [x, emit('Mul', [cube, scalar(0.044715)])]);
    const error = emit('Tanh', [emit('Mul', [inner, scalar(Math.sqrt(2 / Math.PI))])]);
    return emit('Mul', [emit('Mul', [x, scalar(0.5)]), emit('Add', [error, scalar(1)])]);
  }
};

function bound(writer: { scalar(value: number): string }): { scalar: (value: number) => string } {
  return { scalar: (value) => writer.scalar(value) };
}
