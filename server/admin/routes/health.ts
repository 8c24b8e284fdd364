/** /healthz, /readyz and /metrics: what machines ask. */
import Type from 'typebox';
import { Health, Readiness } from '../schemas.ts';
import type { App } from '../type-provider.ts';
import { whileWaited } from '../waiting.ts';
import { errorResponses, type RouteContext } from './context.ts';

const tags = ['health'];
/** A probe gives up sooner than a person. */
const READY_TIMEOUT_MS = 3_000;

export function registerHealthRoutes(app: App, context: RouteContext): void {
  const { backend, metrics, shutdown, logger } = context;

  app.get(
    '/healthz',
    {
      schema: {
        operationId: 'getHealth',
        summary: 'The process is alive',
        tags,
        security: [],
        response: { 200: Health, ...errorResponses },
      },
    },
    async () => ({ status: 'ok' as const, uptime_s: process.uptime() }),
  );

  app.get(
    '/readyz',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Workers are up and the database answers',
        tags,
        security: [],
        response: { 200: Readiness, 503: Readiness, '4xx': errorResponses['4xx'] },
      },
    },
    async (_request, reply) => {
      let readiness: Readiness;
      try {
        readiness = await whileWaited(reply.raw, shutdown, READY_TIMEOUT_MS, 'abandon', (signal) =>
          backend.ready(signal),
        );
      } catch (error) {
        logger.warn({ err: error }, 'the readiness check failed');
        readiness = { ready: false, reasons: ['the server does not answer'] };
      }
      return reply.code(readiness.ready ? 200 : 503).send(readiness);
    },
  );

  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Metrics in the text format of Prometheus',
        tags,
        response: {
          200: {
            description: 'Prometheus text format',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...errorResponses,
        },
      },
    },
    async (_request, reply) => {
      const text = await metrics.render(backend.metrics());
      return reply.type(metrics.contentType).serializer(String).send(text);
    },
  );
}
