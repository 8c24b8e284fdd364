/** The cells of Keras' recurrent layers, read from options and weights. */
import type { Cell, CellActivation } from '../../graph/ops/recurrent.ts';
import { unsupported } from '../../model-error.ts';
import { parseActivation } from '../config/activations.ts';
import { isList, isRecord, show } from '../config/json.ts';
import type { OptionReader } from '../config/options.ts';
import { kerasSnakeCase } from '../config/snake-case.ts';
import type { LayerContext, LayerPart } from './definition.ts';

export type CellKind = Cell['kind'];

/** How the cell's activations are read where they differ from version to version. */
interface CellReader {
  readonly layer: LayerContext;
  /** The options of the cell: the layer's own, or those of the cell within it. */
  readonly options: OptionReader;
  readonly part: LayerPart;
}

const CELL_CLASSES: Readonly<Record<string, CellKind>> = {
  SimpleRNNCell: 'simple',
  LSTMCell: 'lstm',
  GRUCell: 'gru',
};

/** @param features numbers in a step of what goes into the cell */
export function readCell(kind: CellKind, features: number, { layer, options, part }: CellReader): Cell {
  // Dropout acts in training; the implementations compute the same.
  options.ignore('dropout', 'recurrent_dropout', 'implementation', 'unit_forget_bias');
  const units = options.count('units');
  const useBias = options.flag('use_bias', true);
  const activation = cellActivation(layer, options.raw('activation') ?? 'linear');
  const weights = (gates: number, bias: readonly number[]) => {
    const read = layer.weights(
      {
        kernel: [features, gates * units],
        recurrent_kernel: [units, gates * units],
        bias: useBias ? bias : undefined,
      },
      [],
      part,
    );
    return { kernel: read.kernel, recurrentKernel: read.recurrent_kernel, bias: read.bias };
  };
  if (kind === 'simple') return { kind, ...weights(1, [units]), activation };
  const recurrentActivation = cellActivation(layer, options.raw('recurrent_activation') ?? 'linear');
  if (kind === 'lstm') return { kind, ...weights(4, [4 * units]), activation, recurrentActivation };
  // Keras 2 began with false; files that do not say it are of that time.
  const resetAfter = options.flag('reset_after', layer.keras === 3);
  const bias = resetAfter ? [2, 3 * units] : [3 * units];
  return { kind, ...weights(3, bias), activation, recurrentActivation, resetAfter };
}

/** Reads an activation within a cell. */
export function cellActivation({ keras, ref }: LayerContext, value: unknown): CellActivation {
  const activation = parseActivation(value, keras, ref);
  if (activation.kind === 'features') throw unsupported(ref, `${activation.fn} in a cell is not supported`);
  if (activation.kind !== 'softmax') return activation;
  if (activation.axis !== -1) throw unsupported(ref, `softmax over axis ${activation.axis} in a cell`);
  return { kind: 'softmax', log: activation.log };
}

/** The cells that an RNN's option `cell` holds: one, or several that run one after the other. */
export function readCells(layer: LayerContext, features: number): readonly Cell[] {
  const entry = layer.options.raw('cell');
  const entries = entriesOf(layer, entry);
  const stacked = isRecord(entry) ? entry.class_name === 'StackedRNNCells' : isList(entry);
  const counts = new Map<string, number>();
  let width = features;
  return entries.map((item) => {
    const className = isRecord(item) && typeof item.class_name === 'string' ? item.class_name : show(item);
    const base = kerasSnakeCase(className);
    const count = counts.get(base) ?? 0;
    counts.set(base, count + 1);
    const storage = stacked ? `cell/cells/${base}${count === 0 ? '' : `_${count}`}` : 'cell';
    const { options, ref } = layer.wrapped(item, { storage });
    const kind = Object.hasOwn(CELL_CLASSES, className) ? CELL_CLASSES[className] : undefined;
    if (kind === undefined) throw unsupported(ref, `cells of class ${className} are not supported`);
    const cell = readCell(kind, width, { layer, options, part: { storage } });
    options.finish();
    width = options.count('units');
    return cell;
  });
}

function entriesOf(layer: LayerContext, entry: unknown): readonly unknown[] {
  if (isList(entry)) return entry;
  if (!isRecord(entry)) throw layer.options.invalid('cell', 'a cell');
  if (entry.class_name !== 'StackedRNNCells') return [entry];
  const { config } = entry;
  const cells = isRecord(config) ? config.cells : undefined;
  if (!isList(cells) || cells.length === 0) throw layer.options.invalid('cell', 'a list of cells');
  // Keras 2 could give the states of the cells in the opposite order.
  if (isRecord(config) && config.reverse_state_order === true) {
    throw unsupported(layer.ref, 'option reverse_state_order = true is not supported');
  }
  return cells;
}
