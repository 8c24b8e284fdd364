/** /v1/models: list, show, create from a URI or an uploaded file, drop. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type, { type Static, type TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { CreateModel, ModelRow } from '../api.ts';
import { type ReceivedUpload, receiveUpload } from '../multipart.ts';
import {
  CreateModelFromUpload,
  CreateModelFromUri,
  ModelList,
  ModelParams,
  ModelRow as ModelRowSchema,
  UploadedModelFields,
} from '../schemas.ts';
import type { App } from '../type-provider.ts';
import { whileWaited } from '../waiting.ts';
import { errorResponses, type RouteContext } from './context.ts';
import { unknownModel } from './model-versions.ts';

const tags = ['models'];
/** HTTP knows no users: this is what `created_by` says. */
const USER = 'http';

const uriRequest = Compile(CreateModelFromUri);
const uploadRequest = Compile(UploadedModelFields);

export function registerModelRoutes(app: App, context: RouteContext): void {
  const { backend, limits, shutdown } = context;

  app.get(
    '/v1/models',
    {
      schema: {
        operationId: 'listModels',
        summary: 'List the models, each in its default version',
        tags,
        response: { 200: ModelList, ...errorResponses },
      },
    },
    async (_request, reply) => {
      const { rows, truncated } = await whileWaited(
        reply.raw,
        shutdown,
        limits.answer_timeout_ms,
        'abandon',
        (signal) => backend.models(signal),
      );
      return { models: [...rows], truncated };
    },
  );

  app.get(
    '/v1/models/:name',
    {
      schema: {
        operationId: 'getModel',
        summary: 'Show the default version of a model',
        tags,
        params: ModelParams,
        response: { 200: ModelRowSchema, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const model = await whileWaited(reply.raw, shutdown, limits.answer_timeout_ms, 'abandon', (signal) =>
        backend.model(name, signal),
      );
      if (model === undefined) throw unknownModel(name);
      return model;
    },
  );

  app.post(
    '/v1/models',
    {
      schema: {
        operationId: 'createModel',
        summary: 'Create a model from a URI or an uploaded file',
        description:
          'The HTTP form of CREATE MODEL. As multipart/form-data the parts may come in any order; `options` is JSON.',
        tags,
        body: {
          content: {
            'application/json': { schema: CreateModelFromUri },
            'multipart/form-data': { schema: CreateModelFromUpload },
          },
        },
        response: { 201: ModelRowSchema, ...errorResponses },
      },
      // The parts of an upload are validated once they are read, and so is JSON: one way for both.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const model = request.isMultipart()
        ? await createFromUpload(request, reply, context)
        : await createFromUri(request.body, reply, context);
      reply.code(201).header('location', `/v1/models/${encodeURIComponent(model.name)}`);
      return model;
    },
  );

  app.delete(
    '/v1/models/:name',
    {
      schema: {
        operationId: 'dropModel',
        summary: 'Drop a model with all its versions',
        tags,
        params: ModelParams,
        response: { 204: Type.Null({ description: 'The model is gone' }), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      await whileWaited(reply.raw, shutdown, limits.answer_timeout_ms, 'abandon', (signal) =>
        backend.dropModel(name, signal),
      );
      return reply.code(204).send(null);
    },
  );
}

async function createFromUri(body: unknown, reply: FastifyReply, context: RouteContext): Promise<ModelRow> {
  const { uri, ...fields } = validate(uriRequest, body);
  return create(reply, context, { ...requestOf(fields), source: { kind: 'uri', uri } });
}

async function createFromUpload(
  request: FastifyRequest,
  reply: FastifyReply,
  context: RouteContext,
): Promise<ModelRow> {
  const upload = await receiveUpload(request, context.uploads, context.limits);
  try {
    const fields = withLabels(validate(uploadRequest, upload.fields), upload);
    return await create(reply, context, {
      ...requestOf(fields),
      source: { kind: 'upload', ...upload.file },
    });
  } finally {
    await context.uploads.remove(upload.file.path);
  }
}

function create(reply: FastifyReply, context: RouteContext, request: CreateModel): Promise<ModelRow> {
  const { backend, limits, shutdown } = context;
  return whileWaited(reply.raw, shutdown, limits.createModel_timeout_ms, 'finish', (signal) =>
    backend.createModel(request, signal),
  );
}

function requestOf(fields: UploadedModelFields): Omit<CreateModel, 'source'> {
  return {
    name: fields.name,
    functionName: fields.function,
    returns: fields.returns,
    options: fields.options ?? {},
    replace: fields.replace ?? false,
    user: USER,
  };
}

function withLabels(fields: UploadedModelFields, { labels }: ReceivedUpload): UploadedModelFields {
  if (labels === undefined) return fields;
  if (fields.options?.labels !== undefined) {
    throw invalid('labels are given twice: in options and as a file', 'Leave one of them out.');
  }
  return validate(uploadRequest, { ...fields, options: { ...fields.options, labels } });
}

/** @throws 22023 with the first thing that is wrong */
function validate<Schema extends TSchema>(
  validator: Validator<Record<never, never>, Schema>,
  value: unknown,
): Static<Schema> {
  if (validator.Check(value)) return value;
  const [first] = validator.Errors(value);
  const place =
    first === undefined || first.instancePath === '' ? 'the request' : first.instancePath.slice(1);
  const details = first === undefined ? 'is not valid' : describe(first);
  throw invalid(`${place.replaceAll('/', '.')} ${details}`, 'GET /docs shows what a request may contain.');
}

function describe(error: {
  readonly keyword: string;
  readonly message: string;
  readonly params: object;
}): string {
  const { params } = error;
  if (error.keyword === 'boolean') return 'is not known here';
  if ('requiredProperties' in params) return `must have ${String(params.requiredProperties)}`;
  if ('additionalProperties' in params) return `must not have ${String(params.additionalProperties)}`;
  if ('allowedValues' in params) return `must be one of ${String(params.allowedValues)}`;
  return error.message;
}

function invalid(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}
