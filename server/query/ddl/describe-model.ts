/** DESCRIBE MODEL name [VERSION n]: what goes in, the layers as Keras' summary() shows them, what comes out. */
import { BIGINT, VARCHAR } from '@duckdb/node-api';
import type { LayerSummary, Manifest } from '../../../models/artifact.ts';
import { countByClass, describePreprocess, shapesText, shapeText } from '../../../models/describe.ts';
import type { ModelSpec } from '../../../udf-registry/model-spec.ts';
import { internalNameOf } from '../../../udf-registry/registry.ts';
import type { ResultColumn, RowsExecution } from '../api.ts';
import type { Parsed } from '../describe/parsed.ts';
import type { Engine } from '../engine/engine.ts';
import { findModel } from '../engine/model-table.ts';
import { fromRows } from '../run/executions.ts';
import type { SessionContext } from '../session/session-context.ts';
import { Cursor } from './cursor.ts';
import { readVersion, requireVersion, unknownModel } from './model-versions.ts';

/** Layers that are listed; the totals count all. */
const MAX_LAYERS = 5_000;

/** `part` says what a row is about: model, function, input, preprocess, layer, output or total. */
export const DESCRIBE_MODEL_COLUMNS: readonly ResultColumn[] = [
  { name: 'part', type: VARCHAR },
  { name: 'name', type: VARCHAR },
  { name: 'type', type: VARCHAR },
  { name: 'shape', type: VARCHAR },
  { name: 'parameters', type: BIGINT },
  { name: 'flops', type: BIGINT },
  { name: 'connected_to', type: VARCHAR },
];

type Row = [
  part: string,
  name: string,
  type: string | null,
  shape: string | null,
  parameters: bigint | null,
  flops: bigint | null,
  connectedTo: string | null,
];

export async function describeModel(context: SessionContext, parsed: Parsed): Promise<RowsExecution> {
  const { connection, engine } = context;
  const cursor = new Cursor(parsed.tokens);
  if (!cursor.accept('desc')) cursor.expect('describe');
  cursor.expect('model');
  const { value, token } = cursor.name("the model's name");
  const wanted = cursor.accept('version') ? readVersion(cursor) : undefined;
  cursor.expectEnd();
  const current = await findModel(connection, value);
  if (current === undefined) throw unknownModel(value, token);
  const spec =
    (wanted === undefined ? undefined : await requireVersion(connection, current.name, wanted)) ?? current;
  const manifest = await engine.artifacts.manifest(spec.digest);
  const standing = spec.version === current.version ? ', the default' : '';
  const rows: Row[] = [
    fact('model', spec.name, `version ${spec.version}${standing}`),
    fact('file', spec.source, [manifest.format, manifest.producer].filter(Boolean).join(', ')),
    fact('function', spec.functionName, `returns ${describeReturns(engine, spec)}`),
    ...manifest.inputs.map((input) => tensor('input', input.name, input.type, input.shape)),
    fact('preprocess', spec.preprocess, describePreprocess(spec.preprocess, manifest)),
    ...layerRows(manifest.layers),
    ...manifest.outputs.map((output) => tensor('output', output.name, output.type, output.shape)),
    ...totals(manifest),
  ];
  return fromRows(DESCRIBE_MODEL_COLUMNS, rows, 'DESCRIBE');
}

function fact(part: string, name: string, type: string): Row {
  return [part, name, type, null, null, null, null];
}

function tensor(part: string, name: string, type: string, shape: readonly (number | null)[]): Row {
  return [part, name, type, shapeText(shape), null, null, null];
}

function layerRows(layers: readonly LayerSummary[]): Row[] {
  const rows = layers
    .slice(0, MAX_LAYERS)
    .map(
      (layer): Row => [
        'layer',
        layer.name,
        layer.className,
        shapesText(layer),
        BigInt(layer.parameterCount),
        layer.flops === undefined ? null : BigInt(layer.flops),
        layer.connectedTo?.join(', ') ?? null,
      ],
    );
  const hidden = layers.length - rows.length;
  return hidden === 0 ? rows : [...rows, fact('layer', '…', `${hidden} more layers`)];
}

function totals(manifest: Manifest): Row[] {
  const { parameterCount, trainableCount, flops } = manifest;
  const counted = (name: string, parameters: number, count: number | undefined): Row => [
    'total',
    name,
    null,
    null,
    BigInt(parameters),
    count === undefined ? null : BigInt(count),
    null,
  ];
  const all: Row = counted('parameters', parameterCount, flops);
  all[2] = countByClass(manifest);
  if (trainableCount === undefined) return [all];
  return [
    all,
    counted('trainable', trainableCount, undefined),
    counted('non-trainable', parameterCount - trainableCount, undefined),
  ];
}

/** The type that DuckDB says the function has, and how many labels it chooses from. */
function describeReturns({ registry }: Engine, spec: ModelSpec): string {
  const shape = registry.functions.get(internalNameOf(spec))?.shape;
  const type = shape === undefined ? spec.returns : (shape.castTo ?? String(shape.returnType));
  if (spec.returns !== 'labels' || spec.labels === undefined) return type;
  return `${type}, the best ${Math.min(spec.top_k, spec.labels.length)} of ${spec.labels.length} labels`;
}
