/** What ONNX Runtime runs on a CPU: versions of the format, and operators beside ONNX' own. */
import type { ModelProto, OperatorSetIdProto } from 'onnx-buf';
import { unsupportedPart } from '../model-error.ts';

/** Of onnxruntime-node 1.30. */
const IR_VERSION_MAX = 13;
const OPSET_MIN = 7;
const OPSET_MAX = 26;

/** Two names of one domain. */
const ONNX_DOMAINS = new Set(['', 'ai.onnx']);
const ML_DOMAIN = 'ai.onnx.ml';
const MICROSOFT_DOMAIN = 'com.microsoft';

/**
 * Operators of ONNX Runtime that its optimizer and its quantization tools write. Those that generate text, draw at
 * random or take strings are left out: a file that needs them is no function of a row.
 */
const MICROSOFT_OPERATORS = new Set(
  `Attention BiasGelu CDist ConvTransposeWithDynamicPads CropAndResize DequantizeLinear DynamicQuantizeLSTM
  DynamicQuantizeMatMul EmbedLayerNormalization ExpandDims FastGelu FusedConv FusedGemm FusedMatMul GatherBlockQuantized
  GatherND Gelu GridSample GroupQueryAttention Inverse MatMulBnb4 MatMulInteger16 MatMulIntegerToFloat MatMulNBits
  MultiHeadAttention NhwcMaxPool Pad QAttention QEmbedLayerNormalization QGemm QLinearAdd QLinearAveragePool QLinearConcat
  QLinearConv QLinearGlobalAveragePool QLinearLeakyRelu QLinearMul QLinearSigmoid QLinearSoftmax QLinearWhere
  QuantizeLinear QuickGelu Range RotaryEmbedding SkipLayerNormalization SkipSimplifiedLayerNormalization
  TransposeMatMul Trilu Unique`.split(/\s+/),
);

/**
 * Operators whose answer for a row depends on the other rows of its batch: they choose a scale for the whole tensor.
 */
export const BATCH_DEPENDENT = new Set([
  'DynamicQuantizeLinear',
  'DynamicQuantizeMatMul',
  'DynamicQuantizeLSTM',
]);

export function isOnnxDomain(domain: string): boolean {
  return ONNX_DOMAINS.has(domain);
}

export function isBuiltIn(domain: string, opType: string): boolean {
  return (
    isOnnxDomain(domain) ||
    domain === ML_DOMAIN ||
    (domain === MICROSOFT_DOMAIN && MICROSOFT_OPERATORS.has(opType))
  );
}

/** Throws when the file is older or newer than what ONNX Runtime promises to run as its authors meant it. */
export function refuseVersions(model: ModelProto): void {
  if (model.irVersion > BigInt(IR_VERSION_MAX)) {
    throw unsupportedPart(
      `IR version ${model.irVersion}`,
      `the file is newer than what is supported, IR version ${IR_VERSION_MAX}`,
      `Save it with IR version ${IR_VERSION_MAX} or less: model.ir_version in Python's onnx.`,
    );
  }
  refuseOpsets(model.opsetImport, '');
  for (const { name, opsetImport } of model.functions) refuseOpsets(opsetImport, ` of function "${name}"`);
}

function refuseOpsets(opsets: readonly OperatorSetIdProto[], where: string): void {
  for (const { domain, version } of opsets) {
    if (!isOnnxDomain(domain) || (version >= BigInt(OPSET_MIN) && version <= BigInt(OPSET_MAX))) continue;
    throw unsupportedPart(
      `opset ${version}${where}`,
      `opsets ${OPSET_MIN} to ${OPSET_MAX} are supported`,
      version < BigInt(OPSET_MIN)
        ? 'Export the model again, with opset_version = 17, or convert it with onnx.version_converter.'
        : `Export the model with opset_version = ${OPSET_MAX} or less.`,
    );
  }
}
