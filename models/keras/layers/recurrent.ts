import { type CellKind, readCell, readCells } from './cells.ts';
import type { LayerDefinition } from './definition.ts';
import { recur, recurrentOptions } from './recurrence.ts';

/** .keras files hold the weights in the layer's cell; files of names put the cell's name between. */
const CELL = { storage: 'cell' };

function recurrentLayer(classNames: readonly string[], kind: CellKind): LayerDefinition {
  return {
    classNames,
    differsInTraining: true,
    build: (layer, inputs) =>
      recur(layer, inputs, recurrentOptions(layer), (features) => [
        readCell(kind, features, { layer, options: layer.options, part: CELL }),
      ]),
  };
}

export const recurrentLayers: readonly LayerDefinition[] = [
  recurrentLayer(['SimpleRNN'], 'simple'),
  recurrentLayer(['LSTM', 'LSTMV1', 'LSTMV2'], 'lstm'),
  recurrentLayer(['GRU', 'GRUV1', 'GRUV2'], 'gru'),
  {
    classNames: ['RNN'],
    differsInTraining: true,
    build: (layer, inputs) =>
      recur(layer, inputs, recurrentOptions(layer), (features) => readCells(layer, features)),
  },
];
