/**
 * What the HTTP interface takes and gives, as TypeBox schemas: the one description from which come the TypeScript
 * types, the validation, the serialisation and the OpenAPI document.
 */
import Type, { type Static, type TSchema } from 'typebox';
import { INTERPOLATIONS, RESIZE_FITS } from '../../image-source/index.ts';
import { PREPROCESS_MODES } from '../../models/artifact.ts';
import { POOLING_MODES } from '../../udf-registry/text-model.ts';

/** Types that a model may be declared to return, short of a STRUCT: the text goes into CREATE MODEL … RETURNS. */
const RETURN_TYPE = '^(?:VARCHAR|FLOAT(?:\\[\\d{0,6}\\]){0,8})$';

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Instant = (description: string) => Type.String({ format: 'date-time', description });
const Count = (description: string) => Type.Integer({ minimum: 0, description });

/** No control characters: they have no place in a name, and would only hide what a log or a list shows. */
const Name = (description: string) =>
  Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\u0000-\\u001f\\u007f]+$', description });

export const ErrorBody = Type.Object(
  {
    error: Type.Object({
      sqlstate: Type.String({ description: 'SQLSTATE, the same as over the Postgres protocol' }),
      message: Type.String(),
      hint: Nullable(Type.String({ description: 'What to do about it' })),
      position: Nullable(Type.Integer({ description: '1-based offset in characters into the text sent' })),
    }),
  },
  { description: 'An error, with the SQLSTATE that the same mistake has in SQL' },
);
export type ErrorBody = Static<typeof ErrorBody>;

export const ModelRow = Type.Object({
  name: Type.String(),
  version: Type.Integer(),
  is_default: Type.Boolean({ description: 'Whether this is the version that the function runs' }),
  function: Type.String({ description: 'The SQL function that runs it' }),
  format: Type.String({ description: 'Format of the file it came from' }),
  digest: Type.String({ description: 'SHA-256 of the artifact' }),
  source: Type.String({ description: 'Where the file came from' }),
  preprocess: Type.String(),
  returns: Type.String({
    description: 'What the function returns: labels, label, number, vector, array or struct',
  }),
  label_count: Nullable(Type.Integer()),
  inputs: Nullable(Type.String({ description: 'What it takes: names, types and shapes' })),
  outputs: Nullable(Type.String({ description: 'What it gives' })),
  parameter_count: Count('Weights in the model'),
  size_bytes: Count('Size of the artifact'),
  created_at: Instant('When it was created'),
  created_by: Type.String(),
});
export type ModelRow = Static<typeof ModelRow>;

export const FunctionRow = Type.Object({
  name: Type.String(),
  arguments: Type.String(),
  returns: Type.String(),
  model: Nullable(Type.String({ description: 'The model it runs; null for the built-in functions' })),
});
export type FunctionRow = Static<typeof FunctionRow>;

export const ImageTableRow = Type.Object({
  schema: Type.String(),
  name: Type.String(),
  uris: Type.Array(Type.String()),
  created_at: Instant('When it was created'),
  refreshed_at: Instant('When its locations were last listed'),
  created_by: Type.String(),
});
export type ImageTableRow = Static<typeof ImageTableRow>;

export const QueryRow = Type.Object({
  query_id: Type.String(),
  session_id: Type.Integer(),
  user_name: Type.String(),
  state: Type.Enum(['running', 'asking', 'inferring', 'answering']),
  pass: Count('The pass it is in; 0 when it needs none'),
  inferred_count: Count('Inputs inferred for it so far'),
  started_at: Instant('When it began'),
  duration_s: Type.Number({ minimum: 0 }),
  query: Type.String({ description: 'Its text; long ones are cut' }),
});
export type QueryRow = Static<typeof QueryRow>;

const truncated = Type.Boolean({ description: 'True when there are more than the list shows' });
export const ModelList = Type.Object({ models: Type.Array(ModelRow), truncated });
export const VersionList = Type.Object({ versions: Type.Array(ModelRow), truncated });
export const FunctionList = Type.Object({ functions: Type.Array(FunctionRow), truncated });
export const ImageTableList = Type.Object({ tables: Type.Array(ImageTableRow), truncated });
export const QueryList = Type.Object({ queries: Type.Array(QueryRow) });

export const ModelOptions = Type.Object(
  {
    preprocess: Type.Optional(
      Type.Enum([...PREPROCESS_MODES], { description: 'What is done to RGB pixels 0…255 before the model' }),
    ),
    labels: Type.Optional(
      Type.Union([
        Type.Array(Type.String({ maxLength: 1_000 }), { minItems: 1, maxItems: 100_000 }),
        Type.String({ minLength: 1, maxLength: 4_096, description: 'URI of a file with one label a line' }),
      ]),
    ),
    top_k: Type.Optional(
      Type.Integer({ minimum: 1, description: 'How many labels a result lists, best first' }),
    ),
    output: Type.Optional(Name('An inner layer whose output is served instead of the last')),
    batch_size: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Inputs that go through the model together' }),
    ),
    device: Type.Optional(Type.String({ maxLength: 32, description: 'Where it runs: auto or cpu' })),
    architecture: Type.Optional(
      Type.String({ maxLength: 64, description: 'The named model that a file of weights alone belongs to' }),
    ),
    input_shape: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        minItems: 1,
        maxItems: 8,
        description: 'Sizes for axes that the inputs leave free, without the batch',
      }),
    ),
    resize: Type.Optional(
      Type.Enum([...RESIZE_FITS], { description: "How images get the proportions of the model's input" }),
    ),
    interpolation: Type.Optional(Type.Enum([...INTERPOLATIONS], { description: 'How pixels are resampled' })),
    tokenizer: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 4_096,
        description: 'URI of the tokenizer.json of a text model',
      }),
    ),
    max_length: Type.Optional(
      Type.Integer({ minimum: 1, description: 'Tokens of a text at most, special ones included' }),
    ),
    pooling: Type.Optional(
      Type.Enum([...POOLING_MODES], { description: "How the vectors of a text's tokens become one" }),
    ),
    normalize: Type.Optional(Type.Boolean({ description: 'Whether vectors are divided by their length' })),
  },
  { additionalProperties: false, description: 'The OPTIONS of CREATE MODEL' },
);
export type ModelOptions = Static<typeof ModelOptions>;

const modelFields = {
  name: Name('Name of the model, and of its function unless `function` names another'),
  function: Type.Optional(Name('Name of the SQL function')),
  returns: Type.Optional(
    Type.String({
      pattern: RETURN_TYPE,
      description: 'Declared type of the function: VARCHAR, FLOAT, FLOAT[], FLOAT[3] …',
    }),
  ),
  replace: Type.Optional(Type.Boolean({ description: 'Replace a model of this name' })),
  options: Type.Optional(ModelOptions),
};

/** JSON body of POST /v1/models. */
export const CreateModelFromUri = Type.Object(
  {
    ...modelFields,
    uri: Type.String({
      minLength: 1,
      maxLength: 4_096,
      description: 'Where the model file is: path, file://, s3://',
    }),
  },
  { additionalProperties: false },
);

/** What the text parts of a multipart POST /v1/models say, once they are read. */
export const UploadedModelFields = Type.Object(modelFields, { additionalProperties: false });
export type UploadedModelFields = Static<typeof UploadedModelFields>;

/** Multipart body of POST /v1/models, as OpenAPI describes it. */
export const CreateModelFromUpload = Type.Object({
  ...modelFields,
  file: Type.String({ format: 'binary', description: 'The model file' }),
  labels: Type.Optional(Type.String({ format: 'binary', description: 'A file with one label a line' })),
});

export const ModelParams = Type.Object({ name: Name('Name of a model') });
export const VersionParams = Type.Object({
  name: Name('Name of a model'),
  version: Type.String({ pattern: '^[1-9][0-9]{0,8}$', description: 'Number of a version' }),
});
export const ModelChange = Type.Object(
  {
    default_version: Type.Integer({
      minimum: 1,
      maximum: 2 ** 31 - 1,
      description: 'The version that the function runs from the next statement on',
    }),
  },
  { additionalProperties: false },
);
export const QueryParams = Type.Object({
  id: Type.String({ minLength: 1, maxLength: 64, description: 'query_id' }),
});

export const CancelledQuery = Type.Object({ query_id: Type.String() });
export const Health = Type.Object({ status: Type.Literal('ok'), uptime_s: Type.Number() });
export const Readiness = Type.Object({
  ready: Type.Boolean(),
  reasons: Type.Array(Type.String(), { description: 'Why it is not ready; empty when it is' }),
});
export type Readiness = Static<typeof Readiness>;
