/**
 * The registry: which functions exist in this process and the answers that belong to them. What is in force for a
 * statement is decided by DuckDB's catalog (macros, transactional); a function registered here stays until restart.
 */
import {
  BLOB,
  DuckDBBlobValue,
  type DuckDBConnection,
  DuckDBStructValue,
  INTEGER,
  STRUCT,
  VARCHAR,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Manifest } from '../models/artifact.ts';
import { type AnswerLimits, AnswerStore } from './answers.ts';
import type { Answer, Task } from './api.ts';
import { tokenizerPath } from './artifacts.ts';
import { type InferenceContext, InferenceFunction, type TaskFor } from './inference-function.ts';
import { answersKey, type ModelSpec, servedOutputs, shapeOf } from './model-spec.ts';
import { NAMED_FUNCTION_NAMES } from './named-uses.ts';
import { IMAGE_PARAMETER, type Parameter, parametersOf } from './parameters.ts';
import type { PassTable } from './pass.ts';
import { toDuckDBFunction } from './scalar-function.ts';
import { type ResultShape, valueObjects } from './shapes.ts';
import { tokenInputs } from './text-model.ts';

export interface RegistryOptions {
  /** A connection that runs nothing else: registering inside a transaction would roll back with it. */
  readonly connection: DuckDBConnection;
  readonly passes: PassTable;
  readonly context: InferenceContext;
  readonly answerLimits: AnswerLimits;
}

export interface FunctionDefinition {
  readonly internalName: string;
  readonly displayName: string;
  readonly parameters: readonly Parameter[];
  readonly taskFor: TaskFor;
  /** Functions with one key share their answers. */
  readonly storeKey: string;
  readonly shape: ResultShape;
}

export class FunctionRegistry {
  readonly #options: RegistryOptions;
  readonly #stores = new Map<string, AnswerStore>();
  readonly #functions = new Map<string, InferenceFunction>();
  #lastId = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  get functions(): ReadonlyMap<string, InferenceFunction> {
    return this.#functions;
  }

  /** Lower case: what people call when a statement asks. */
  get askingNames(): ReadonlySet<string> {
    const names = [...this.#functions.values()].map((fn) => fn.displayName.toLowerCase());
    return new Set([...names, ...NAMED_FUNCTION_NAMES]);
  }

  get stores(): ReadonlyMap<string, AnswerStore> {
    return this.#stores;
  }

  /** A number that no model has had, of this run or of those whose rows are still there. */
  nextId(): number {
    return ++this.#lastId;
  }

  /**
   * Registers the internal function of a model, once.
   * @param connection of a transaction that is open: what others register since it began it cannot see, so the
   *   function is registered in it, and rolls back with it
   */
  defineModel(
    spec: ModelSpec,
    manifest: Manifest,
    artifactPath: string,
    connection: DuckDBConnection = this.#options.connection,
  ): InferenceFunction {
    this.#lastId = Math.max(this.#lastId, spec.id);
    const shape = shapeOf(spec, manifest);
    const task: Task = {
      kind: 'model',
      digest: spec.digest,
      path: artifactPath,
      // The layers are for people, who read them from the disk.
      manifest: { ...manifest, layers: [], outputs: servedOutputs(manifest, spec.text) },
      batchSize: spec.batchSize,
      resize: spec.resize,
      text:
        spec.text === undefined
          ? undefined
          : {
              ...spec.text,
              ...tokenInputs(manifest.inputs),
              tokenizerPath: tokenizerPath(artifactPath, spec.text.tokenizer),
            },
    };
    return this.#define({
      internalName: internalNameOf(spec),
      displayName: spec.functionName,
      parameters: parametersOf(manifest, spec.text !== undefined),
      taskFor: () => task,
      storeKey: answersKey(spec),
      shape,
      connection,
    });
  }

  /** Registers image_decode, image_info and image_thumbnail. */
  defineImageFunctions(): InferenceFunction[] {
    const define = (name: string, task: Task, shape: ResultShape) =>
      this.#define({
        internalName: `__${name}`,
        displayName: name,
        parameters: [IMAGE_PARAMETER],
        taskFor: () => task,
        storeKey: name,
        shape,
      });
    return [
      define('image_decode', { kind: 'image_decode' }, decodedImage()),
      define('image_info', { kind: 'image_info' }, imageInfo()),
      this.#define({
        internalName: '__image_thumbnail',
        displayName: 'image_thumbnail',
        parameters: [IMAGE_PARAMETER],
        taskFor: (size_px = 128) => ({ kind: 'image_thumbnail', size_px }),
        storeKey: 'image_thumbnail',
        shape: thumbnailBytes(),
      }),
    ];
  }

  /**
   * A function that DuckDB does not know by itself: another one, which it knows, passes calls on to it.
   * @param make called when there is none of that name yet
   */
  defineUnregistered(internalName: string, make: () => FunctionDefinition): InferenceFunction {
    const known = this.#functions.get(internalName);
    if (known !== undefined) return known;
    const made = this.#make(make());
    this.#functions.set(internalName, made);
    return made;
  }

  #define(fn: FunctionDefinition & { readonly connection?: DuckDBConnection }): InferenceFunction {
    const known = this.#functions.get(fn.internalName);
    if (known !== undefined) return known;
    const defined = this.#make(fn);
    const connection = fn.connection ?? this.#options.connection;
    connection.registerScalarFunction(toDuckDBFunction(defined, this.#options.passes));
    this.#functions.set(fn.internalName, defined);
    return defined;
  }

  #make(fn: FunctionDefinition): InferenceFunction {
    let store = this.#stores.get(fn.storeKey);
    if (store === undefined) {
      store = new AnswerStore(fn.shape.width, this.#options.answerLimits);
      this.#stores.set(fn.storeKey, store);
    }
    return new InferenceFunction({ ...fn, store, context: this.#options.context });
  }
}

export function internalNameOf(spec: Pick<ModelSpec, 'id'>): string {
  return `__model_${spec.id}`;
}

/**
 * The body of the macro that people call. The lambda evaluates the argument once (it may be volatile, or another
 * model call), and the key is computed by DuckDB.
 * @param argument the macro's parameter
 * @param key of the lambda's `__v`
 */
export function macroBody(
  fn: Pick<InferenceFunction, 'internalName' | 'shape'>,
  argument: string,
  key = 'sqlens.input_key(__v)',
): string {
  const cast = fn.shape.castTo === undefined ? '' : `::${fn.shape.castTo}`;
  return `list_transform([${argument}], lambda __v: ${fn.internalName}(__v, ${key})${cast})[1]`;
}

/**
 * The macro of a model: its parameters, quoted, and its body. Several arguments are packed into a struct, whose key is
 * NULL when one of them is: what is computed from a NULL is NULL.
 */
export function macroOf(fn: Pick<InferenceFunction, 'internalName' | 'shape' | 'parameters'>): {
  readonly parameters: string;
  readonly body: string;
} {
  const names = fn.parameters.map(({ name }) => `"${name}"`);
  const parameters = names.join(', ');
  if (names.length === 1) return { parameters, body: macroBody(fn, parameters) };
  const fields = names.map((name, at) => `'p${at}': ${name}`);
  const keys = names.map((_, at) => `sqlens.input_key(__v.p${at})::VARCHAR`);
  const key = `md5_number(sha256(${keys.join(" || ',' || ")}))`;
  return { parameters, body: macroBody(fn, `{${fields.join(', ')}}`, key) };
}

/**
 * 128 bits that stand for an input of any type. Bytes are digested as they are: as text they would take four times
 * the memory. SHA-256 because a crafted collision would give one image the answer of another.
 */
export const INPUT_KEY_MACRO = `input_key(x) AS md5_number(
  CASE WHEN typeof(x) = 'BLOB' THEN sha256(TRY_CAST(x AS BLOB)) ELSE sha256(typeof(x) || ':' || x::VARCHAR) END)`;

export const IMAGE_SCHEMA = STRUCT({
  origin: VARCHAR,
  height: INTEGER,
  width: INTEGER,
  nChannels: INTEGER,
  mode: INTEGER,
  data: BLOB,
});

const IMAGE_INFO = STRUCT({ format: VARCHAR, width: INTEGER, height: INTEGER, channels: INTEGER });

function decodedImage(): ResultShape {
  const data = new DuckDBBlobValue(new Uint8Array());
  const example = new DuckDBStructValue({ origin: '', height: 0, width: 0, nChannels: 0, mode: 0, data });
  return valueObjects(IMAGE_SCHEMA, example, (answer) => {
    if (answer.kind !== 'image') throw unexpected(answer);
    const { image } = answer;
    const value = new DuckDBStructValue({ ...image, data: new DuckDBBlobValue(image.data) });
    return { value, size_bytes: image.data.length + 200 };
  });
}

function imageInfo(): ResultShape {
  const example = new DuckDBStructValue({ format: '', width: 0, height: 0, channels: 0 });
  return valueObjects(IMAGE_INFO, example, (answer) => {
    if (answer.kind !== 'info') throw unexpected(answer);
    const { format, width, height, channels } = answer;
    return { value: new DuckDBStructValue({ format, width, height, channels }), size_bytes: 200 };
  });
}

function thumbnailBytes(): ResultShape {
  return valueObjects(BLOB, new DuckDBBlobValue(new Uint8Array()), (answer) => {
    if (answer.kind !== 'bytes') throw unexpected(answer);
    return { value: new DuckDBBlobValue(answer.bytes), size_bytes: answer.bytes.length + 100 };
  });
}

function unexpected(answer: Answer): SqlensError {
  return new SqlensError({
    sqlState: SqlState.internalError,
    message: `a worker answered with ${answer.kind}`,
  });
}
