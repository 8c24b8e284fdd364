/** /v1/models/:name/versions: list, make one the default, drop one. */
import Type from 'typebox';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { ModelChange, ModelParams, ModelRow, VersionList, VersionParams } from '../schemas.ts';
import type { App } from '../type-provider.ts';
import { whileWaited } from '../waiting.ts';
import { errorResponses, type RouteContext } from './context.ts';

const tags = ['models'];

export function registerModelVersionRoutes(app: App, { backend, limits, shutdown }: RouteContext): void {
  app.get(
    '/v1/models/:name/versions',
    {
      schema: {
        operationId: 'listModelVersions',
        summary: 'List the versions of a model, the newest first',
        tags,
        params: ModelParams,
        response: { 200: VersionList, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { rows, truncated } = await whileWaited(
        reply.raw,
        shutdown,
        limits.answer_timeout_ms,
        'abandon',
        (signal) => backend.modelVersions(name, signal),
      );
      if (rows.length === 0) throw unknownModel(name);
      return { versions: [...rows], truncated };
    },
  );

  app.patch(
    '/v1/models/:name',
    {
      schema: {
        operationId: 'setDefaultVersion',
        summary: 'Choose the version that the function runs',
        description:
          'The HTTP form of ALTER MODEL: it holds from the next statement on, and never inside one.',
        tags,
        params: ModelParams,
        body: ModelChange,
        response: { 200: ModelRow, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { name } = request.params;
      const { default_version } = request.body;
      return whileWaited(reply.raw, shutdown, limits.answer_timeout_ms, 'abandon', (signal) =>
        backend.setDefaultVersion(name, default_version, signal),
      );
    },
  );

  app.delete(
    '/v1/models/:name/versions/:version',
    {
      schema: {
        operationId: 'dropModelVersion',
        summary: 'Drop one version of a model',
        tags,
        params: VersionParams,
        response: { 204: Type.Null({ description: 'The version is gone' }), ...errorResponses },
      },
    },
    async (request, reply) => {
      const { name, version } = request.params;
      await whileWaited(reply.raw, shutdown, limits.answer_timeout_ms, 'abandon', (signal) =>
        backend.dropVersion(name, Number(version), signal),
      );
      return reply.code(204).send(null);
    },
  );
}

export function unknownModel(name: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.undefinedObject,
    message: `model "${name}" does not exist`,
    hint: 'GET /v1/models lists the models.',
  });
}
