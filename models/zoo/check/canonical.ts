/**
 * An architecture as plain lines, one a layer, written alike from Keras' own JSON (`architectures.py`) and from ours:
 * what two of them must share to compute the same and to take the same weights files.
 */
import { isList, isRecord } from '../../keras/config/json.ts';

/** Options that change nothing once a model is trained. */
const IGNORED = new Set([
  'name',
  'trainable',
  'dtype',
  'seed',
  'layers',
  'build_input_shape',
  'renorm_momentum',
]);
const TRAINING_ONLY = /_(initializer|regularizer|constraint)$/;

/** One line for each layer of a functional model, layers of nested models indented by their model's name. */
export function canonicalLines(model: unknown): string[] {
  const config = isRecord(model) && isRecord(model.config) ? model.config : {};
  const ends = [config.input_layers, config.output_layers].map((end) => canonicalValue(end));
  return [...layerLines(config.layers, ''), `ends ${ends.join(' ')}`];
}

function layerLines(layers: unknown, prefix: string): string[] {
  if (!isList(layers)) return [];
  return layers.flatMap((layer) => {
    if (!isRecord(layer)) return [];
    const config = isRecord(layer.config) ? layer.config : {};
    const options = Object.entries(config)
      .filter(([name, value]) => !IGNORED.has(name) && !TRAINING_ONLY.test(name) && isSet(value))
      .map(([name, value]) => `${name}=${canonicalValue(value)}`)
      .toSorted();
    const operation = typeof layer.module === 'string' && layer.module.includes('.ops.');
    const kind = `${operation ? 'operation ' : ''}${String(layer.class_name)}`;
    const name = `${prefix}${String(config.name)}`;
    const inputs = canonicalValue(layer.inbound_nodes ?? []);
    return [`${name} ${kind} ${options.join(' ')} < ${inputs}`, ...layerLines(config.layers, `${name}/`)];
  });
}

function isSet(value: unknown): boolean {
  return value !== null && value !== undefined && value !== false;
}

function canonicalValue(value: unknown): string {
  if (typeof value === 'number') return canonicalNumber(value);
  if (isList(value)) return `[${value.map(canonicalValue).join(',')}]`;
  if (!isRecord(value)) return String(value);
  if (value.class_name === '__keras_tensor__' && isRecord(value.config)) {
    return canonicalValue(value.config.keras_history);
  }
  // What is left are the calls of a layer: its arguments, then those with names that are set.
  const named = isRecord(value.kwargs) ? Object.entries(value.kwargs).filter(([, item]) => isSet(item)) : [];
  return canonicalValue([...(isList(value.args) ? value.args : []), ...named]);
}

/** Whole numbers as such, others with 12 digits. */
function canonicalNumber(value: number): string {
  if (Number.isInteger(value)) return String(value);
  const [mantissa, exponent] = value.toExponential(12).split('e');
  return `${mantissa}e${Number(exponent)}`;
}
