/** What a manifest says, as people read it: the parts that SQL and the command line have in common, and Keras' table. */
import { unreachable } from '../common/errors.ts';
import type { LayerSummary, Manifest, Preprocess, TensorSpec } from './artifact.ts';

/** Layers that are printed; the totals count all. */
const MAX_LAYERS = 5_000;
/** Classes that a count names; the rest are summed up. */
const MAX_CLASSES = 12;
/** Longer texts are cut where a table's columns stand. */
const MAX_COLUMN_WIDTH = 60;
const MEGABYTE = 2 ** 20;

/** `(None, 7, 7, 64)`, the batch first, as Keras writes shapes. */
export function shapeText(shape: readonly (number | null)[]): string {
  // A tuple of one has its comma in Python, but the batch is always there.
  return `(${['None', ...shape.map((size) => size ?? 'None')].join(', ')})`;
}

/** The shapes of all that a layer gives; empty where the file does not say. */
export function shapesText({ outputShape, otherShapes = [], depth }: LayerSummary): string {
  // ONNX stores no shapes of what is within, and has no depth.
  if (outputShape.length === 0 && depth === undefined) return '';
  if (otherShapes.length === 0) return shapeText(outputShape);
  return `[${[outputShape, ...otherShapes].map(shapeText).join(', ')}]`;
}

/** `154 layers: BatchNormalization 52, Conv2D 35, …` */
export function countByClass({ layers, format }: Pick<Manifest, 'layers' | 'format'>): string {
  const counts = new Map<string, number>();
  for (const { className } of layers) counts.set(className, (counts.get(className) ?? 0) + 1);
  const sorted = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  const shown = sorted.slice(0, MAX_CLASSES).map(([name, count]) => `${name} ${count}`);
  const rest = sorted.length - shown.length;
  const what = format === 'onnx' ? 'nodes' : 'layers';
  return `${layers.length} ${what}: ${shown.join(', ')}${rest > 0 ? ` and ${rest} other classes` : ''}`;
}

/** What is done to an input before the model's first layer sees it. */
export function describePreprocess(preprocess: Preprocess, { image, layers }: Manifest): string {
  if (image === undefined) return 'the inputs as they are given';
  const pixels = image.channels === 1 ? 'grey pixels' : 'RGB pixels';
  const own = layers.slice(0, 5).find(({ className }) => /^(Rescaling|Normalization)$/.test(className));
  const within = own === undefined ? '' : `; the model begins with a layer ${own.className} of its own`;
  return `${image.width}×${image.height} ${pixels}, ${arithmetic(preprocess)}${within}`;
}

function arithmetic(preprocess: Preprocess): string {
  switch (preprocess) {
    case 'none':
      return '0…255 as they are';
    case 'unit':
      return 'x / 255';
    case 'tf':
      return 'x / 127.5 − 1';
    case 'torch':
      return "x / 255, minus ImageNet's means, over its deviations";
    case 'caffe':
      return "turned to BGR, minus ImageNet's means";
    default:
      return unreachable(preprocess);
  }
}

/**
 * Keras' summary() of a compiled model as text, with FLOPs beside the parameters, and what goes in and comes out.
 * Names are those of the file; what could steer a terminal in them is escaped.
 * @param title what the file is called
 */
export function summaryText(title: string, manifest: Manifest): string {
  const { layers } = manifest;
  const shown = layers.slice(0, MAX_LAYERS);
  const isChain = isSequence(shown);
  const rows = shown.map((layer) => [
    `${'  '.repeat(layer.depth ?? 0)}${layer.name} (${layer.className})`,
    shapesText(layer),
    grouped(layer.parameterCount),
    layer.flops === undefined ? '' : grouped(layer.flops),
    ...(isChain ? [] : [layer.connectedTo?.join(', ') || '-']),
  ]);
  const head = ['Layer (type)', 'Output Shape', 'Param #', 'FLOPs', ...(isChain ? [] : ['Connected to'])];
  const hidden = layers.length - shown.length;
  const lines = [
    `${title}: ${[manifest.format, manifest.producer].filter(Boolean).join(', ')}`,
    '',
    ...table(head, rows),
    ...(hidden === 0 ? [] : [`… ${grouped(hidden)} more layers`]),
    '',
    ...totals(manifest),
    countByClass(manifest),
    '',
    ...manifest.inputs.map((input) => `Input: ${tensorText(input)}${manifest.image ? ', an image' : ''}`),
    `Preprocessing: ${manifest.preprocess} (${describePreprocess(manifest.preprocess, manifest)})`,
    ...manifest.outputs.map((output) => `Output: ${tensorText(output)}`),
    `Compiled: ${inMegabytes(manifest.size_bytes)}, digest ${manifest.digest}`,
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

/** Whether each layer is fed by the one before it and by nothing else: then Keras leaves the connections out. */
function isSequence(layers: readonly LayerSummary[]): boolean {
  return layers.every(({ connectedTo, depth }, i) => {
    if (connectedTo === undefined || depth !== 0) return connectedTo === undefined;
    if (i === 0) return connectedTo.length <= 1;
    return connectedTo.length === 1 && connectedTo[0] === `${layers[i - 1]?.name}[0][0]`;
  });
}

function totals({ parameterCount, trainableCount, flops }: Manifest): string[] {
  const params = (what: string, count: number): string =>
    `${what} params: ${grouped(count)} (${inMegabytes(4 * count)})`;
  return [
    params('Total', parameterCount),
    ...(trainableCount === undefined
      ? []
      : [params('Trainable', trainableCount), params('Non-trainable', parameterCount - trainableCount)]),
    ...(flops === undefined
      ? []
      : [
          `FLOPs: ${grouped(flops)} for one input (convolutions and matrix products, a multiplication and its addition are two)`,
        ]),
  ];
}

function tensorText({ name, type, shape }: TensorSpec): string {
  return `${name} ${type} ${shapeText(shape)}`;
}

/** Columns as wide as their widest cell; numbers stand to the right. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, column) =>
    rows.reduce(
      (width, row) => Math.min(Math.max(width, (row[column] ?? '').length), MAX_COLUMN_WIDTH),
      title.length,
    ),
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        const isNumber = column === 2 || column === 3;
        // The last column may be as long as it likes.
        if (column === head.length - 1 && !isNumber) return cell;
        const cut = cell.length > width ? `${cell.slice(0, width - 1)}…` : cell;
        return isNumber ? cut.padStart(width) : cut.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [line(head), rule, ...rows.map(line), rule];
}

function grouped(count: number): string {
  return count.toLocaleString('en-US');
}

/** As Keras: bytes, kilobytes or megabytes, two decimals. */
function inMegabytes(size_bytes: number): string {
  if (size_bytes < 1024) return `${size_bytes.toFixed(2)} B`;
  if (size_bytes < MEGABYTE) return `${(size_bytes / 1024).toFixed(2)} KB`;
  if (size_bytes < 1024 * MEGABYTE) return `${(size_bytes / MEGABYTE).toFixed(2)} MB`;
  return `${(size_bytes / (1024 * MEGABYTE)).toFixed(2)} GB`;
}

/** Control characters, and those that turn the direction of text, as their numbers: names in files are strangers'. */
export function printable(text: string): string {
  return text.replace(
    /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}
