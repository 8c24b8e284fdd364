/** /v1/functions, /v1/tables, and /v1/queries with the way to cancel one. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { CancelledQuery, FunctionList, ImageTableList, QueryList, QueryParams } from '../schemas.ts';
import type { App } from '../type-provider.ts';
import { whileWaited } from '../waiting.ts';
import { errorResponses, type RouteContext } from './context.ts';

export function registerListRoutes(app: App, context: RouteContext): void {
  const { backend, limits, shutdown } = context;

  app.get(
    '/v1/functions',
    {
      schema: {
        operationId: 'listFunctions',
        summary: 'List the SQL functions: those of models and the built-in ones',
        tags: ['functions'],
        response: { 200: FunctionList, ...errorResponses },
      },
    },
    async (_request, reply) => {
      const { rows, truncated } = await whileWaited(
        reply.raw,
        shutdown,
        limits.answer_timeout_ms,
        'abandon',
        (signal) => backend.functions(signal),
      );
      return { functions: [...rows], truncated };
    },
  );

  app.get(
    '/v1/tables',
    {
      schema: {
        operationId: 'listImageTables',
        summary: 'List the image tables',
        tags: ['tables'],
        response: { 200: ImageTableList, ...errorResponses },
      },
    },
    async (_request, reply) => {
      const { rows, truncated } = await whileWaited(
        reply.raw,
        shutdown,
        limits.answer_timeout_ms,
        'abandon',
        (signal) => backend.tables(signal),
      );
      return { tables: [...rows], truncated };
    },
  );

  app.get(
    '/v1/queries',
    {
      schema: {
        operationId: 'listQueries',
        summary: 'List the statements that run now',
        tags: ['queries'],
        response: { 200: QueryList, ...errorResponses },
      },
    },
    async () => ({ queries: [...backend.queries()] }),
  );

  app.delete(
    '/v1/queries/:id',
    {
      schema: {
        operationId: 'cancelQuery',
        summary: 'Cancel a running statement',
        description: 'Its session gets 57014 and stays open. Answered before the statement has ended.',
        tags: ['queries'],
        params: QueryParams,
        response: { 202: CancelledQuery, ...errorResponses },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!backend.cancelQuery(id)) {
        throw new SqlensError({
          sqlState: SqlState.undefinedObject,
          message: `no statement "${id}" is running`,
          hint: 'It may have ended; GET /v1/queries lists those that run now.',
        });
      }
      return reply.code(202).send({ query_id: id });
    },
  );
}
