/** A model's layers in the file's order, with what Keras' summary() says of each. */
import type { LayerSummary } from '../artifact.ts';
import type { Node } from '../graph/graph.ts';
import type { Value } from '../graph/ops/definition.ts';
import { definitionOf } from '../graph/ops/index.ts';
import type { LayerInstance } from './call.ts';
import type { LayerConfig, ModelConfig } from './config/architecture.ts';
import { tensorsOf } from './config/calls.ts';

/** What became of a layer: how it was called, and with which weights. */
export interface RecordedLayer {
  readonly config: LayerConfig;
  /** Undefined for models and inputs. */
  readonly instance: LayerInstance | undefined;
  /** What came out of each of its calls. */
  readonly calls: (readonly Value[])[];
}

/** A layer may be fed by as many as there are; more than these tell nobody anything. */
const MAX_CONNECTIONS = 100;

/**
 * @param recorded by the path of the layer
 * @param nodes what the layers became, before any pass
 */
export function summarizeLayers(
  model: ModelConfig,
  recorded: ReadonlyMap<string, RecordedLayer>,
  nodes: readonly Node[],
): LayerSummary[] {
  const flops = new Map<string, number>();
  for (const { op, inputs, output, layer } of nodes) {
    const count = definitionOf(op).flops?.(op, inputs, output) ?? 0;
    if (count > 0) flops.set(layer.name, (flops.get(layer.name) ?? 0) + count);
  }
  return layersOf(model, 0, recorded, flops);
}

/** Of all layers; those within models are counted there. */
export function totalOf(
  layers: readonly LayerSummary[],
  field: 'parameterCount' | 'trainableCount' | 'flops',
): number {
  const total = layers.reduce((sum, layer) => sum + ((layer.depth ?? 0) === 0 ? (layer[field] ?? 0) : 0), 0);
  return Math.min(total, Number.MAX_SAFE_INTEGER);
}

function layersOf(
  model: ModelConfig,
  depth: number,
  recorded: ReadonlyMap<string, RecordedLayer>,
  flops: ReadonlyMap<string, number>,
): LayerSummary[] {
  return model.layers.flatMap((config) => {
    const layer = recorded.get(config.ref.name);
    // What no output needs is not called, and Keras has it not either.
    if (layer === undefined || (model.sequential === true && config.className === 'InputLayer')) return [];
    const within = config.model === undefined ? [] : layersOf(config.model, depth + 1, recorded, flops);
    const direct = within.filter((inner) => inner.depth === depth + 1);
    const weights = [...(layer.instance?.weights?.values() ?? [])];
    const count = (counted: typeof weights): number =>
      counted.reduce((sum, weight) => sum + weight.data.length, 0);
    const sum = (field: 'parameterCount' | 'trainableCount' | 'flops'): number =>
      direct.reduce((total, inner) => total + (inner[field] ?? 0), 0);
    const [first, ...others] = layer.calls.at(-1) ?? [];
    const summary: LayerSummary = {
      name: config.ref.name,
      className: config.className,
      outputShape: first?.shape ?? [],
      ...(others.length === 0 ? {} : { otherShapes: others.map(({ shape }) => shape) }),
      parameterCount: count(weights) + sum('parameterCount'),
      trainableCount: count(weights.filter(({ trainable }) => trainable)) + sum('trainableCount'),
      flops: Math.min((flops.get(config.ref.name) ?? 0) + sum('flops'), Number.MAX_SAFE_INTEGER),
      connectedTo: connections(config),
      depth,
    };
    return [summary, ...within];
  });
}

function connections({ calls }: LayerConfig): string[] {
  const all = calls.flatMap((call) => tensorsOf(call));
  const shown = all
    .slice(0, MAX_CONNECTIONS)
    .map(({ layer, call, tensor }) => `${layer}[${call}][${tensor}]`);
  return all.length > shown.length ? [...shown, `… ${all.length - shown.length} more`] : shown;
}
