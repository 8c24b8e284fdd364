/** Inputs and outputs as a foreign ONNX file declares them. */
import { clone, create, toBinary } from '@bufbuild/protobuf';
import {
  TensorProto_DataType,
  type TensorShapeProto_Dimension,
  TensorShapeProto_DimensionSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from 'onnx-buf';
import type { TensorSpec, TensorType } from '../artifact.ts';
import { MODEL_LIMITS } from '../limits.ts';
import { type ModelError, tooLarge, unsupportedPart } from '../model-error.ts';

export interface DeclaredTensor {
  readonly name: string;
  readonly type: TensorType;
  /** With the batch axis; null where the size is free. */
  readonly dims: readonly (number | null)[];
}

const TYPES: ReadonlyMap<number, TensorType> = new Map<number, TensorType>([
  [TensorProto_DataType.FLOAT, 'float32'],
  [TensorProto_DataType.FLOAT16, 'float16'],
  [TensorProto_DataType.DOUBLE, 'float64'],
  [TensorProto_DataType.INT8, 'int8'],
  [TensorProto_DataType.UINT8, 'uint8'],
  [TensorProto_DataType.INT16, 'int16'],
  [TensorProto_DataType.UINT16, 'uint16'],
  [TensorProto_DataType.INT32, 'int32'],
  [TensorProto_DataType.UINT32, 'uint32'],
  [TensorProto_DataType.INT64, 'int64'],
  [TensorProto_DataType.UINT64, 'uint64'],
  [TensorProto_DataType.BOOL, 'bool'],
]);

export function tensorTypeOf(elementType: number | undefined): TensorType | undefined {
  return TYPES.get(elementType ?? 0);
}

/** What a value is instead of a tensor of numbers that are known here; undefined when it is one, or is not told. */
export function notNumbers({ type }: ValueInfoProto): string | undefined {
  const value = type?.value;
  switch (value?.case) {
    case undefined:
      return undefined;
    case 'tensorType':
      return TYPES.has(value.value.elemType)
        ? undefined
        : value.value.elemType === TensorProto_DataType.UNDEFINED
          ? 'its type is not told'
          : `it holds ${(TensorProto_DataType[value.value.elemType] ?? `numbers of type ${value.value.elemType}`).toLowerCase()}`;
    case 'sequenceType':
      return 'it is a sequence';
    case 'mapType':
      return 'it is a map';
    case 'optionalType':
      return 'it is optional';
    case 'sparseTensorType':
      return 'it is a sparse tensor';
  }
}

export function refuseType(part: 'input' | 'output', { name }: ValueInfoProto, what: string): ModelError {
  return unsupportedPart(
    `${part} "${name}"`,
    `${what}; tensors of numbers are ${part === 'input' ? 'fed' : 'served'}`,
    part === 'input'
      ? 'Export the model with tensors of float, integer or boolean type as inputs.'
      : "Choose another with OPTIONS (output = 'name'), or export the model with tensors of numbers as outputs.",
  );
}

/** Throws when it is not a tensor of numbers. */
export function describeInput(info: ValueInfoProto): DeclaredTensor {
  const tensor = info.type?.value.case === 'tensorType' ? info.type.value.value : undefined;
  const type = tensorTypeOf(tensor?.elemType);
  if (type === undefined) throw refuseType('input', info, notNumbers(info) ?? 'its type is not told');
  // Without a shape the rank is unknown: a batch axis and one free axis.
  const dims = dimsOfInfo(info) ?? [null, null];
  if (dims.length > MODEL_LIMITS.rank) {
    throw tooLarge(
      `input "${info.name}" has ${dims.length} axes; at most ${MODEL_LIMITS.rank} are supported`,
    );
  }
  const count = dims.reduce<number>((product, size) => product * (size ?? 1), 1);
  if (count > MODEL_LIMITS.tensorElements) {
    throw tooLarge(
      `input "${info.name}" takes ${count} numbers; at most ${MODEL_LIMITS.tensorElements} are supported`,
    );
  }
  return { name: info.name, type, dims };
}

/** Sizes that the file tells, the batch first; undefined where it does not even tell the rank. */
export function dimsOfInfo({ type }: ValueInfoProto): (number | null)[] | undefined {
  const tensor = type?.value.case === 'tensorType' ? type.value.value : undefined;
  return tensor?.shape?.dim.map(({ value }) => {
    const size = value.case === 'dimValue' ? Number(value.value) : null;
    return size !== null && size > 0 ? size : null;
  });
}

/** The declaration, written, with the sizes that are told; null leaves the file's own. */
export function withDims(info: ValueInfoProto, dims: readonly (number | null)[]): Uint8Array {
  const changed = clone(ValueInfoProtoSchema, info);
  const tensor = changed.type?.value.case === 'tensorType' ? changed.type.value.value : undefined;
  if (tensor?.shape !== undefined) {
    tensor.shape.dim = tensor.shape.dim.map((dim, axis) => sized(dim, dims[axis] ?? null));
  }
  return toBinary(ValueInfoProtoSchema, changed);
}

function sized(dim: TensorShapeProto_Dimension, size: number | null): TensorShapeProto_Dimension {
  if (size === null) return dim;
  return create(TensorShapeProto_DimensionSchema, { value: { case: 'dimValue', value: BigInt(size) } });
}

export function toSpec({ name, type, dims }: DeclaredTensor): TensorSpec {
  return { name, type, shape: dims.slice(1) };
}
