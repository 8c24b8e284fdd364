/**
 * image_predict and image_features: functions over the models that have a name.
 *
 * Every named model shares one function of the engine for each of the two; which model is meant is a constant in the call.
 * What the result's type is, FLOAT[n] with the model's own n, the engine must know when it binds the call, although the
 * types of its functions are fixed. So the macro casts to the type of a constant, `struct_extract({'f1024': …, 'f2048':
 * …}, key)`, whose key the engine computes from the name at once, by a function of ours that knows the models. Thus
 * views, prepared statements and all else work as with any macro, and a name that is no constant, or no model's, is an
 * error before anything runs. Nothing is fetched or compiled until inputs are to be inferred.
 */
import {
  ANY,
  BIGINT,
  type DuckDBConnection,
  DuckDBScalarFunction,
  DuckDBVector,
  FLOAT,
  LIST,
  UHUGEINT,
  VARCHAR,
} from '@duckdb/node-api';
import duckdb from '@duckdb/node-bindings';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Manifest } from '../models/artifact.ts';
import type { NamedModel } from '../models/zoo/catalog.ts';
import { IMAGENET_CLASSES } from '../models/zoo/imagenet-classes.ts';
import type { InferenceFunction } from './inference-function.ts';
import { FUNCTION_NAMES, type NamedUse } from './named-uses.ts';
import { IMAGE_PARAMETER } from './parameters.ts';
import type { AskingFunction, PassTable, QueryAnswering } from './pass.ts';
import type { FunctionRegistry } from './registry.ts';
import { answerChunk } from './scalar-function.ts';
import { bestLabels, flatVector, type ResultShape } from './shapes.ts';

export interface NamedArtifact {
  readonly digest: string;
  readonly path: string;
  readonly manifest: Manifest;
}

/** The named models, and their artifacts: made when they are first needed. */
export interface NamedModels {
  readonly all: readonly NamedModel[];
  /** @throws 42704 naming those that are spelled alike */
  find(name: string): NamedModel;
  /** Whether its weights are there. */
  isHere(model: NamedModel): boolean;
  /** Fetches and compiles what is not there. */
  artifact(
    model: NamedModel,
    use: NamedUse,
    query: Pick<QueryAnswering, 'signal' | 'tell'>,
  ): Promise<NamedArtifact>;
}

export interface NamedFunctionsOptions {
  readonly registry: FunctionRegistry;
  /** A connection that runs nothing else. */
  readonly connection: DuckDBConnection;
  readonly passes: PassTable;
  readonly models: NamedModels;
}

const CLASS_TYPE = 'STRUCT("class" VARCHAR, description VARCHAR, probability FLOAT)[]';

/** Answers hold so many classes: each call takes the fewest that are enough, so that calls for 1 and for 5 share theirs. */
const KEPT_CLASSES = [10, 100, IMAGENET_CLASSES.length] as const;

const BATCH_SIZE = 4;

export class NamedFunctions {
  readonly #options: NamedFunctionsOptions;

  /** Registers the engine's functions. */
  constructor(options: NamedFunctionsOptions) {
    this.#options = options;
    for (const use of ['classes', 'features'] as const) {
      options.connection.registerScalarFunction(this.#lookup(use));
      options.connection.registerScalarFunction(this.#typeKey(use));
    }
  }

  /** The macros that people call, each `name(parameters) AS expression`. */
  macros(): string[] {
    const widths = [...new Set(this.#options.models.all.map((model) => model.featureCount))];
    const features = widths.map((width) => `'f${width}': NULL::FLOAT[${width}]`).join(', ');
    const call = (use: NamedUse, more: string) =>
      `list_transform([image], lambda __v: ${internalName(use)}(__v, sqlens.input_key(__v), model${more}))[1]`;
    const typed = (value: string, types: string, use: NamedUse) =>
      `cast_to_type(${value}, struct_extract({${types}}, ${keyName(use)}(model)))`;
    const best = (top_k: string) =>
      typed(`${call('classes', `, ${top_k}`)}[1:${top_k}]`, `'classes': NULL::${CLASS_TYPE}`, 'classes');
    return [
      `${FUNCTION_NAMES.classes}(image, model) AS ${best('5')}, (image, model, top_k) AS ${best('(top_k::BIGINT)')}`,
      `${FUNCTION_NAMES.features}(image, model) AS ${typed(call('features', ''), features, 'features')}`,
    ];
  }

  /** The function that asks: which one its name and number say, in every row the same. */
  #lookup(use: NamedUse): DuckDBScalarFunction {
    const { passes } = this.#options;
    const family: AskingFunction = {
      internalName: internalName(use),
      displayName: FUNCTION_NAMES[use],
      asksWhileDescribing: false,
      satisfy: async () => undefined,
    };
    const definition = new DuckDBScalarFunction();
    definition.setName(internalName(use));
    definition.addParameter(ANY);
    definition.addParameter(UHUGEINT);
    definition.addParameter(VARCHAR);
    if (use === 'classes') definition.addParameter(BIGINT);
    definition.setReturnType(use === 'classes' ? classesShape(1).returnType : LIST(FLOAT));
    withPass(
      definition,
      passes,
      (connectionId) => passes.of(connectionId)?.bound.add(family),
      (pass, chunk, output) => {
        const rowCount = duckdb.data_chunk_get_size(chunk);
        if (rowCount === 0) return;
        const constant = (column: number) =>
          DuckDBVector.create(duckdb.data_chunk_get_vector(chunk, column), rowCount).getItem(0);
        const model = this.#options.models.find(String(constant(2)));
        const fn = use === 'classes' ? this.#classes(model, Number(constant(3))) : this.#features(model);
        answerChunk(fn, pass, chunk, output);
      },
    );
    return definition;
  }

  /** From a model's name to the key of its result's type; the engine calls it while it binds. */
  #typeKey(use: NamedUse): DuckDBScalarFunction {
    const definition = new DuckDBScalarFunction();
    definition.setName(keyName(use));
    definition.addParameter(VARCHAR);
    definition.setReturnType(VARCHAR);
    definition.setSpecialHandling();
    withPass(
      definition,
      this.#options.passes,
      () => undefined,
      (_pass, chunk, output) => {
        const rowCount = duckdb.data_chunk_get_size(chunk);
        const names = DuckDBVector.create(duckdb.data_chunk_get_vector(chunk, 0), rowCount);
        const keys = DuckDBVector.create(output, rowCount);
        for (let row = 0; row < rowCount; row++) {
          const name = names.getItem(row);
          if (name === null) throw noName(use);
          const model = this.#options.models.find(String(name));
          keys.setItem(row, use === 'classes' ? 'classes' : `f${model.featureCount}`);
        }
        keys.flush();
      },
    );
    return definition;
  }

  #classes(model: NamedModel, top_k: number): InferenceFunction {
    const kept = KEPT_CLASSES.find((count) => top_k <= count);
    if (kept === undefined || top_k < 1) {
      throw new SqlensError({
        sqlState: SqlState.invalidParameterValue,
        message: `${FUNCTION_NAMES.classes} cannot give the best ${top_k} classes`,
        hint: `Ask for 1 to ${IMAGENET_CLASSES.length}.`,
      });
    }
    return this.#function(model, 'classes', `${kept}`, () => classesShape(kept));
  }

  #features(model: NamedModel): InferenceFunction {
    return this.#function(model, 'features', 'all', () => flatVector(model.featureCount));
  }

  #function(model: NamedModel, use: NamedUse, variant: string, shape: () => ResultShape): InferenceFunction {
    const { models, registry } = this.#options;
    const id = `${model.name}:${use}:${variant}`;
    return registry.defineUnregistered(id, () => ({
      internalName: id,
      displayName: FUNCTION_NAMES[use],
      parameters: [IMAGE_PARAMETER],
      taskFor: async (_, query) => ({
        kind: 'model',
        ...(await models.artifact(model, use, query)),
        batchSize: BATCH_SIZE,
      }),
      storeKey: `named:${id}`,
      shape: shape(),
    }));
  }
}

function internalName(use: NamedUse): string {
  return `__${FUNCTION_NAMES[use]}`;
}

function keyName(use: NamedUse): string {
  return `__${FUNCTION_NAMES[use]}_type`;
}

function classesShape(count: number): ResultShape {
  return bestLabels(IMAGENET_CLASSES, count);
}

/** Gives a function the pass of the statement that calls it, and the pass what the function throws. */
function withPass(
  definition: DuckDBScalarFunction,
  passes: PassTable,
  bound: (connectionId: number) => void,
  run: (pass: ReturnType<PassTable['of']>, chunk: duckdb.DataChunk, output: duckdb.Vector) => void,
): void {
  definition.setBindFunction((bind) => {
    const { connectionId } = bind.clientContext;
    bound(connectionId);
    bind.setBindData({ connectionId });
  });
  duckdb.scalar_function_set_function(definition.scalar_function, (info, chunk, output) => {
    const data = duckdb.scalar_function_get_bind_data(info);
    const connectionId = data !== undefined && 'connectionId' in data ? Number(data.connectionId) : undefined;
    const pass = connectionId === undefined ? undefined : passes.of(connectionId);
    try {
      run(pass, chunk, output);
    } catch (error) {
      if (pass !== undefined && error instanceof SqlensError) pass.thrown = error;
      throw error;
    }
  });
}

function noName(use: NamedUse): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `${FUNCTION_NAMES[use]} needs the name of a model, not NULL`,
    hint: 'SHOW NAMED MODELS lists them.',
  });
}
