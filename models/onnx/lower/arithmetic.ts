/** Elementwise functions: most are one ONNX operator, the others what TensorFlow computes, in its order. */
import type { ElementwiseFunction, ElementwiseOp } from '../../graph/ops/elementwise.ts';
import type { Weight } from '../../graph/weight.ts';
import type { Lower, Lowering } from './lowering.ts';

/** Functions that are an ONNX operator. */
const OPERATORS: Partial<Record<ElementwiseFunction, string>> = {
  abs: 'Abs',
  acos: 'Acos',
  acosh: 'Acosh',
  add: 'Add',
  and: 'And',
  asin: 'Asin',
  asinh: 'Asinh',
  atan: 'Atan',
  atanh: 'Atanh',
  ceil: 'Ceil',
  cos: 'Cos',
  cosh: 'Cosh',
  divide: 'Div',
  equal: 'Equal',
  erf: 'Erf',
  exp: 'Exp',
  floor: 'Floor',
  greater: 'Greater',
  greaterEqual: 'GreaterOrEqual',
  isInf: 'IsInf',
  isNan: 'IsNaN',
  less: 'Less',
  lessEqual: 'LessOrEqual',
  log: 'Log',
  maximum: 'Max',
  minimum: 'Min',
  multiply: 'Mul',
  negative: 'Neg',
  not: 'Not',
  or: 'Or',
  power: 'Pow',
  reciprocal: 'Reciprocal',
  round: 'Round',
  select: 'Where',
  sign: 'Sign',
  sin: 'Sin',
  sinh: 'Sinh',
  sqrt: 'Sqrt',
  subtract: 'Sub',
  tan: 'Tan',
  xor: 'Xor',
};

export const lowerElementwise: Lower<ElementwiseOp> = (op, inputs, lowering) => {
  const { op: emit, writer, inputs: values } = lowering;
  let next = 0;
  // The type of what is compared or chosen, which constants share.
  const type = op.fn === 'select' ? lowering.output.type : (values.at(-1)?.type ?? 'float32');
  const operands = op.operands.map((operand) =>
    operand === undefined ? (inputs[next++] ?? '') : constantName(operand, type, lowering),
  );
  const [x = '', y = ''] = operands;
  const operator = OPERATORS[op.fn];
  if (operator !== undefined) return emit(operator, operands);
  const { scalar } = { scalar: (value: number) => writer.scalar(value) };
  switch (op.fn) {
    case 'square':
      return emit('Mul', [x, x]);
    case 'rsqrt':
      return emit('Reciprocal', [emit('Sqrt', [x])]);
    case 'trunc':
      return emit('Mul', [emit('Sign', [x]), emit('Floor', [emit('Abs', [x])])]);
    case 'notEqual':
      return emit('Not', [emit('Equal', operands)]);
    case 'log1p':
      return log1p(x);
    case 'expm1':
      return expm1(x);
    case 'floorDivide':
      return type === 'int32'
        ? emit('Div', [emit('Sub', [x, emit('Mod', operands)]), y])
        : emit('Floor', [emit('Div', operands)]);
    case 'mod':
      return type === 'int32' ? emit('Mod', operands) : floorMod();
    case 'atan2':
      return atan2();
    default:
      throw new TypeError(`no ONNX for ${op.fn}`);
  }

  /** The sign of the divisor, as in Python. */
  function floorMod(): string {
    const rest = emit('Mod', operands, { fmod: { int: 1 } });
    const otherSign = emit('Less', [emit('Mul', [emit('Sign', [rest]), emit('Sign', [y])]), scalar(0)]);
    return emit('Where', [otherSign, emit('Add', [rest, y]), rest]);
  }

  /** Kahan's way: what rounding 1 + x lost is divided out again, so that small x keep their digits. */
  function log1p(value: string): string {
    const u = emit('Add', [value, scalar(1)]);
    const lost = emit('Sub', [u, scalar(1)]);
    const exact = emit('Div', [emit('Mul', [emit('Log', [u]), value]), lost]);
    const tiny = emit('Equal', [u, scalar(1)]);
    const rounded = emit('Where', [tiny, value, emit('Log', [u])]);
    return emit('Where', [emit('Or', [tiny, emit('IsInf', [u])]), rounded, exact]);
  }

  function expm1(value: string): string {
    const u = emit('Exp', [value]);
    const difference = emit('Sub', [u, scalar(1)]);
    const exact = emit('Div', [emit('Mul', [difference, value]), emit('Log', [u])]);
    // Beyond these both ways agree, and the logarithm would be infinite.
    const far = emit('Greater', [emit('Abs', [value]), scalar(20)]);
    const tiny = emit('Equal', [u, scalar(1)]);
    return emit('Where', [tiny, value, emit('Where', [far, difference, exact])]);
  }

  /** The angle of (y, x), with y first, in all four quadrants. */
  function atan2(): string {
    const [rise, run] = [x, y];
    const negative = emit('Less', [run, scalar(0)]);
    const half = emit('Where', [emit('Less', [rise, scalar(0)]), scalar(-Math.PI), scalar(Math.PI)]);
    const angle = emit('Atan', [emit('Div', [rise, run])]);
    const turned = emit('Where', [negative, emit('Add', [angle, half]), angle]);
    const upright = emit('Mul', [emit('Sign', [rise]), scalar(Math.PI / 2)]);
    return emit('Where', [emit('Equal', [run, scalar(0)]), upright, turned]);
  }
};

/** A constant operand in the type of the operands beside it. */
function constantName(constant: Weight, type: string, { writer, weight }: Lowering): string {
  if (type === 'int32') {
    const data = Int32Array.from(constant.data);
    return writer.initializer(constant.name, 'int32', constant.shape, new Uint8Array(data.buffer));
  }
  if (type === 'bool') {
    const data = Uint8Array.from(constant.data, (value) => (value === 0 ? 0 : 1));
    return writer.initializer(constant.name, 'bool', constant.shape, data);
  }
  const [only, ...others] = constant.data;
  if (only !== undefined && others.length === 0 && constant.shape.length === 0) return writer.scalar(only);
  return weight(constant, 'as it is');
}
