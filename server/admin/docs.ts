/** The OpenAPI document, made from the routes' schemas, and its page at /docs. */
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { App } from './type-provider.ts';

/** Only our own files: no script, font or picture of another host, and no frame around the page. */
const contentSecurityPolicy = {
  'default-src': "'none'",
  'script-src': "'self'",
  'style-src': "'self' 'unsafe-inline'",
  'img-src': "'self' data:",
  'font-src': "'self' data:",
  'connect-src': "'self'",
  'base-uri': "'none'",
  'form-action': "'self'",
  'frame-ancestors': "'none'",
};

/** To be registered before the routes. */
export async function registerDocs(app: App, options: { readonly hasToken: boolean }): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'SQLens',
        description:
          'Manage models and watch statements. Whatever can be done here can be done in SQL too, over the Postgres protocol.',
        version: '1',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      tags: [
        { name: 'models', description: 'Deep-learning models that are SQL functions' },
        { name: 'functions', description: 'SQL functions' },
        { name: 'tables', description: 'Image tables' },
        { name: 'queries', description: 'Running statements' },
        { name: 'health', description: 'Health, readiness and metrics' },
      ],
      ...(options.hasToken && {
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }],
      }),
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'SQLens' },
    staticCSP: contentSecurityPolicy,
    // The default would send the document to a validator on the internet.
    uiConfig: { validatorUrl: null, docExpansion: 'list', deepLinking: true },
  });
  app.get('/', { schema: { hide: true } }, async (_request, reply) => reply.redirect('/docs'));
}
