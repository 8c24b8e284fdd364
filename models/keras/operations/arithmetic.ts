/** Operations on each number by itself. */
import type { Value } from '../../graph/ops/definition.ts';
import type { ElementwiseFunction } from '../../graph/ops/elementwise.ts';
import { unsupported } from '../../model-error.ts';
import type { LayerContext, LayerDefinition } from '../layers/definition.ts';
import { type Constant, scalar, typeOf } from './constants.ts';
import {
  binary,
  cast,
  combine,
  constantOperand,
  type Operand,
  requiredOperand,
  unary,
  valueOperand,
} from './operands.ts';
import { operation, tensor } from './operation.ts';

/** Keras' classes, and the function of the graph that each one is. */
const UNARY: Readonly<Record<string, ElementwiseFunction>> = {
  Abs: 'abs',
  Absolute: 'abs',
  Arccos: 'acos',
  Arccosh: 'acosh',
  Arcsin: 'asin',
  Arcsinh: 'asinh',
  Arctan: 'atan',
  Arctanh: 'atanh',
  Ceil: 'ceil',
  Cos: 'cos',
  Cosh: 'cosh',
  Erf: 'erf',
  Exp: 'exp',
  Expm1: 'expm1',
  Fabs: 'abs',
  Floor: 'floor',
  Log: 'log',
  Log1p: 'log1p',
  Negative: 'negative',
  Reciprocal: 'reciprocal',
  Rsqrt: 'rsqrt',
  Sign: 'sign',
  Sin: 'sin',
  Sinh: 'sinh',
  Sqrt: 'sqrt',
  Square: 'square',
  Tan: 'tan',
  Trunc: 'trunc',
};

const BINARY: Readonly<Record<string, ElementwiseFunction>> = {
  Add: 'add',
  Arctan2: 'atan2',
  Divide: 'divide',
  Equal: 'equal',
  FloorDivide: 'floorDivide',
  Greater: 'greater',
  GreaterEqual: 'greaterEqual',
  Less: 'less',
  LessEqual: 'lessEqual',
  Maximum: 'maximum',
  Minimum: 'minimum',
  Mod: 'mod',
  Multiply: 'multiply',
  NotEqual: 'notEqual',
  Subtract: 'subtract',
  TrueDivide: 'divide',
};

const LOGICAL: Readonly<Record<string, ElementwiseFunction>> = {
  LogicalAnd: 'and',
  LogicalOr: 'or',
  LogicalXor: 'xor',
};

/** Both operands of an operation of two. */
export function pair(layer: LayerContext): [Operand, Operand] {
  return [requiredOperand(layer, 'x1', 0), requiredOperand(layer, 'x2', 1)];
}

/** A power; small whole exponents are products, as exact as Keras' own. */
export function power(layer: LayerContext, base: Operand, exponent: Operand): Value {
  const types = [base, exponent].map((item) =>
    item.kind === 'value' ? item.value.type : item.constant.type,
  );
  if (base.kind === 'value' && exponent.kind === 'constant' && exponent.constant.data.length === 1) {
    if (exponent.constant.data[0] === 2 && base.value.type !== 'bool')
      return unary(layer, 'square', base.value);
  }
  if (types.every((type) => type !== 'float32')) {
    throw unsupported(
      layer.ref,
      'powers of whole numbers are not supported',
      'Cast the tensor to float32 first.',
    );
  }
  return combine(layer, 'power', base, exponent);
}

/** Truth values of anything: what is not zero. */
export function asTruth(layer: LayerContext, item: Operand): Operand {
  if (item.kind === 'value') {
    return item.value.type === 'bool' ? item : valueOperand(binary(layer, 'notEqual', item.value, 0));
  }
  const data = item.constant.data.map((number) => (number === 0 ? 0 : 1));
  return constantOperand({ ...item.constant, data, type: 'bool' });
}

/** The second operand where the first is true, else the third. */
export function select(layer: LayerContext, condition: Operand, then: Operand, otherwise: Operand): Value {
  const truth = asTruth(layer, condition);
  if (truth.kind === 'constant') throw unsupported(layer.ref, 'chooses by a constant');
  const types = [then, otherwise].map((item) =>
    item.kind === 'value' ? item.value.type : item.constant.type,
  );
  const chosen = combine(layer, 'select', truth, then, otherwise);
  return types.every((type) => type === 'bool') ? cast(layer, chosen, 'bool') : chosen;
}

/** Numbers below the first bound become it, numbers above the second one that; a bound may be left out. */
export function clipped(
  layer: LayerContext,
  value: Value,
  low: Operand | undefined,
  high: Operand | undefined,
): Value {
  const above = low === undefined ? value : combine(layer, 'maximum', valueOperand(value), low);
  return high === undefined ? above : combine(layer, 'minimum', valueOperand(above), high);
}

/** To `decimals` digits; halves go to the even neighbour. */
function rounded(layer: LayerContext): Value {
  const value = tensor(layer);
  const decimals = layer.options.integer('decimals', 0);
  if (value.type !== 'float32') {
    if (decimals < 0)
      throw unsupported(layer.ref, `decimals = ${decimals} of whole numbers is not supported`);
    return value;
  }
  if (decimals === 0) return unary(layer, 'round', value);
  const factor = 10 ** decimals;
  return binary(layer, 'divide', unary(layer, 'round', binary(layer, 'multiply', value, factor)), factor);
}

/** log(exp(a) + exp(b)), by way of the larger one. */
function logAddExp(layer: LayerContext): Value {
  const [a, b] = pair(layer);
  const larger = combine(layer, 'maximum', a, b);
  const distance = unary(layer, 'abs', combine(layer, 'subtract', a, b));
  const rest = unary(layer, 'log1p', unary(layer, 'exp', unary(layer, 'negative', distance)));
  return binary(layer, 'add', larger, rest);
}

/** √(a² + b²), by way of the larger one, so that squares do not overflow. */
function hypotenuse(layer: LayerContext): Value {
  const [a, b] = pair(layer).map((item) =>
    item.kind === 'value'
      ? valueOperand(unary(layer, 'abs', item.value))
      : constantOperand({ ...item.constant, data: item.constant.data.map(Math.abs) }),
  );
  if (a === undefined || b === undefined) throw unsupported(layer.ref, 'takes two operands');
  const larger = combine(layer, 'maximum', a, b);
  const smaller = combine(layer, 'minimum', a, b);
  const zero = binary(layer, 'equal', larger, 0);
  const ratio = binary(
    layer,
    'divide',
    smaller,
    select(layer, valueOperand(zero), constantOperand(1), valueOperand(larger)),
  );
  const factor = unary(layer, 'sqrt', binary(layer, 'add', unary(layer, 'square', ratio), 1));
  return binary(layer, 'multiply', larger, factor);
}

/** The numbers for what is no number and for the infinities; these become the largest float where none is given. */
function withoutInfinities(layer: LayerContext): Value {
  const largest = 3.4028234663852886e38;
  const value = tensor(layer);
  const replaced = (current: Value, test: Value, number: number): Value =>
    select(layer, valueOperand(test), constantOperand(number), valueOperand(current));
  const nan = replaced(value, unary(layer, 'isNan', value), layer.options.number('nan', 0));
  const high = binary(layer, 'equal', nan, Number.POSITIVE_INFINITY);
  const low = binary(layer, 'equal', nan, Number.NEGATIVE_INFINITY);
  const capped = replaced(nan, high, layer.options.number('posinf', largest));
  return replaced(capped, low, layer.options.number('neginf', -largest));
}

/** Values of another type; what has no exact form is refused by name. */
function typed(layer: LayerContext): Value {
  const value = layer.arguments.tensor('x', 0) ?? tensor(layer, 'value', 0);
  const dtype = layer.options.raw('dtype');
  if (dtype === null) return value;
  if (typeof dtype !== 'string') throw layer.options.invalid('dtype', 'the name of a type');
  const to = typeOf(layer.ref, dtype);
  if (to === 'bool') return truth(layer, value);
  return cast(layer, value, to);
}

function truth(layer: LayerContext, value: Value): Value {
  const item = asTruth(layer, valueOperand(value));
  return item.kind === 'value' ? item.value : value;
}

function bound(layer: LayerContext, name: string): Operand | undefined {
  const raw = layer.options.raw(name);
  return raw === null ? undefined : constantOperand(scalar(layer.options.number(name, 0), literalType(raw)));
}

function literalType(value: unknown): Constant['type'] {
  return Number.isSafeInteger(value) ? 'int32' : 'float32';
}

/** One number times a constant. */
function scaledBy(className: string, factor: number): LayerDefinition {
  return operation(className, (layer) =>
    binary(layer, 'multiply', cast(layer, tensor(layer), 'float32'), factor),
  );
}

export const arithmeticOperations: readonly LayerDefinition[] = [
  ...Object.entries(UNARY).map(([name, fn]) => operation(name, (layer) => unary(layer, fn, tensor(layer)))),
  ...Object.entries(BINARY).map(([name, fn]) =>
    operation(name, (layer) => combine(layer, fn, ...pair(layer))),
  ),
  ...Object.entries(LOGICAL).map(([name, fn]) =>
    operation(name, (layer) => combine(layer, fn, ...pair(layer).map((item) => asTruth(layer, item)))),
  ),
  operation('LogicalNot', (layer) => unary(layer, 'not', truth(layer, tensor(layer)))),
  operation('Isnan', (layer) => unary(layer, 'isNan', tensor(layer))),
  operation('Isinf', (layer) => unary(layer, 'isInf', tensor(layer))),
  operation('Isfinite', (layer) => {
    const value = tensor(layer);
    const infinite = unary(layer, 'isInf', value);
    return unary(layer, 'not', binary(layer, 'or', infinite, unary(layer, 'isNan', value)));
  }),
  operation('Isposinf', (layer) => binary(layer, 'equal', tensor(layer), Number.POSITIVE_INFINITY)),
  operation('Isneginf', (layer) => binary(layer, 'equal', tensor(layer), Number.NEGATIVE_INFINITY)),
  operation('Round', rounded),
  operation('Power', (layer) => power(layer, ...pair(layer))),
  operation('Where', (layer) =>
    select(
      layer,
      requiredOperand(layer, 'condition', 0),
      requiredOperand(layer, 'x1', 1),
      requiredOperand(layer, 'x2', 2),
    ),
  ),
  operation('Clip', (layer) => clipped(layer, tensor(layer), bound(layer, 'x_min'), bound(layer, 'x_max'))),
  operation(['Cast', 'SaturateCast', 'ConvertToTensor'], typed),
  operation(['Copy', 'StopGradient', 'Real', 'Conj', 'Conjugate'], (layer) =>
    tensor(layer, layer.arguments.get('variable') === undefined ? 'x' : 'variable'),
  ),
  operation('DivideNoNan', (layer) => {
    const [left, right] = pair(layer);
    const quotient = combine(layer, 'divide', left, right);
    if (right.kind === 'constant') {
      if (right.constant.data.includes(0))
        throw unsupported(layer.ref, 'divides by a constant that holds zeros');
      return quotient;
    }
    const zero = binary(layer, 'equal', right.value, 0);
    return select(layer, valueOperand(zero), constantOperand(0), valueOperand(quotient));
  }),
  operation('Logaddexp', logAddExp),
  operation('Hypot', hypotenuse),
  operation('NanToNum', withoutInfinities),
  operation('Log2', (layer) => binary(layer, 'multiply', unary(layer, 'log', tensor(layer)), 1 / Math.LN2)),
  operation('Log10', (layer) => binary(layer, 'multiply', unary(layer, 'log', tensor(layer)), 1 / Math.LN10)),
  operation('Exp2', (layer) =>
    combine(layer, 'power', constantOperand(2), valueOperand(cast(layer, tensor(layer), 'float32'))),
  ),
  operation('Erfc', (layer) =>
    combine(layer, 'subtract', constantOperand(1), valueOperand(unary(layer, 'erf', tensor(layer)))),
  ),
  operation('Cbrt', (layer) => {
    const value = tensor(layer);
    const root = combine(layer, 'power', valueOperand(unary(layer, 'abs', value)), constantOperand(1 / 3));
    return binary(layer, 'multiply', unary(layer, 'sign', value), root);
  }),
  operation('Heaviside', (layer) => {
    const [value, atZero] = pair(layer);
    const positive = combine(layer, 'greater', value, constantOperand(0));
    const zero = combine(layer, 'equal', value, constantOperand(0));
    const step = cast(layer, positive, 'float32');
    return select(layer, valueOperand(zero), atZero, valueOperand(step));
  }),
  operation('Sinc', (layer) => {
    const angle = binary(layer, 'multiply', tensor(layer), Math.PI);
    const zero = binary(layer, 'equal', angle, 0);
    const divisor = select(layer, valueOperand(zero), constantOperand(1), valueOperand(angle));
    const ratio = binary(layer, 'divide', unary(layer, 'sin', angle), divisor);
    return select(layer, valueOperand(zero), constantOperand(1), valueOperand(ratio));
  }),
  scaledBy('Deg2rad', Math.PI / 180),
  scaledBy('Rad2deg', 180 / Math.PI),
];
