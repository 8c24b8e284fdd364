import { invalidLayer } from '../../model-error.ts';
import type { LayerRef } from '../layer-ref.ts';
import { at, transposed, type Weight } from '../weight.ts';
import type { AxisOrder, OpDefinition, Value, ValueType } from './definition.ts';
import { describeShape } from './image-input.ts';

/** Functions of one number that give a number of the same type, of float32 only unless they are exact on integers. */
export const UNARY_FUNCTIONS = [
  'abs',
  'acos',
  'acosh',
  'asin',
  'asinh',
  'atan',
  'atanh',
  'ceil',
  'cos',
  'cosh',
  'erf',
  'exp',
  'expm1',
  'floor',
  'log',
  'log1p',
  'negative',
  'reciprocal',
  'round',
  'rsqrt',
  'sign',
  'sin',
  'sinh',
  'sqrt',
  'square',
  'tan',
  'trunc',
] as const;

/** Functions of two numbers that give one of the same type. */
export const BINARY_FUNCTIONS = [
  'add',
  'atan2',
  'divide',
  'floorDivide',
  'maximum',
  'minimum',
  'mod',
  'multiply',
  'power',
  'subtract',
] as const;

export const COMPARISONS = ['equal', 'greater', 'greaterEqual', 'less', 'lessEqual', 'notEqual'] as const;
/** Of truth values. */
export const LOGICAL_FUNCTIONS = ['and', 'or', 'xor'] as const;
export const TESTS = ['isInf', 'isNan'] as const;

export type ElementwiseFunction =
  | (typeof UNARY_FUNCTIONS)[number]
  | (typeof BINARY_FUNCTIONS)[number]
  | (typeof COMPARISONS)[number]
  | (typeof LOGICAL_FUNCTIONS)[number]
  | (typeof TESTS)[number]
  | 'not'
  /** The second operand where the first is true, else the third. */
  | 'select';

/** A function of the numbers at one position of its operands; axes of length 1 stretch. */
export interface ElementwiseOp {
  readonly kind: 'elementwise';
  readonly fn: ElementwiseFunction;
  /**
   * One for each operand: a constant of the input's rank (or of one number, with no axes), undefined for the next
   * of the node's inputs.
   */
  readonly operands: readonly (Weight | undefined)[];
}

function operandCount(fn: ElementwiseFunction): number {
  if (fn === 'select') return 3;
  const pairs: readonly string[] = [...BINARY_FUNCTIONS, ...COMPARISONS, ...LOGICAL_FUNCTIONS];
  return pairs.includes(fn) ? 2 : 1;
}

function resultType(fn: ElementwiseFunction, types: readonly ValueType[]): ValueType {
  const truths: readonly string[] = [...COMPARISONS, ...LOGICAL_FUNCTIONS, ...TESTS, 'not'];
  return truths.includes(fn) ? 'bool' : (types[fn === 'select' ? types.length - 1 : 0] ?? 'float32');
}

export const elementwise: OpDefinition<ElementwiseOp> = {
  layout: 'along',
  infer(op, inputs, layer) {
    const open = op.operands.filter((operand) => operand === undefined).length;
    if (open !== inputs.length || inputs.length === 0 || op.operands.length !== operandCount(op.fn)) {
      throw invalidLayer(layer, `${op.fn} takes ${operandCount(op.fn)} operands, not ${op.operands.length}`);
    }
    // A select whose last operands are constants gives float32: truth values are its first input.
    const select = op.fn === 'select' && op.operands[1] !== undefined && op.operands[2] !== undefined;
    const type = select
      ? 'float32'
      : resultType(
          op.fn,
          inputs.map((input) => input.type),
        );
    const constants = op.operands.flatMap((operand) => (operand?.shape.length ? [operand] : []));
    return { shape: stretchedShape([...inputs, ...constants], layer), type };
  },
  relayout: (op, order) => ({
    ...op,
    operands: op.operands.map((operand) => operand && reordered(operand, order)),
  }),
};

/** The shape to which operands of one rank stretch. */
export function stretchedShape(
  operands: readonly Pick<Value, 'shape'>[],
  layer: LayerRef,
): readonly number[] {
  const [first, ...others] = operands;
  return others.reduce<readonly number[]>((sizes, { shape }) => {
    const fits =
      shape.length === sizes.length &&
      sizes.every((size, axis) => size === shape[axis] || size === 1 || shape[axis] === 1);
    if (!fits) {
      throw invalidLayer(layer, `shapes ${operands.map(describeShape).join(' and ')} do not fit each other`);
    }
    return sizes.map((size, axis) => (size === 1 ? at(shape, axis) : size));
  }, first?.shape ?? []);
}

/** A constant in another order of axes; one number fits any. */
function reordered(constant: Weight, order: AxisOrder): Weight {
  if (constant.shape.length === 0) return constant;
  const axes = order.filter((axis) => axis >= 0);
  const shape = order.map((axis) => (axis < 0 ? 1 : at(constant.shape, axis)));
  return constant.with(transposed(constant.data, constant.shape, axes), shape);
}

/** The functions that are exact on integers too; Keras computes the others in float32. */
const ON_INTEGERS: ReadonlySet<ElementwiseFunction> = new Set([
  ...COMPARISONS,
  'abs',
  'add',
  'floorDivide',
  'maximum',
  'minimum',
  'mod',
  'multiply',
  'negative',
  'select',
  'sign',
  'square',
  'subtract',
]);

export function worksOnIntegers(fn: ElementwiseFunction): boolean {
  return ON_INTEGERS.has(fn);
}
