/** Applications and servers for tests, with what they logged and the folder they use. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';
import { createAccessCheck } from '../access.ts';
import type { AdminLogger } from '../api.ts';
import { type AdminLimits, defaultAdminLimits } from '../limits.ts';
import { buildApp, createAdminServer } from '../server.ts';
import type { App } from '../type-provider.ts';
import { UploadFolder } from '../uploads.ts';
import { FakeBackend } from './fake-backend.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly message: string;
}

export class LogRecorder implements AdminLogger {
  readonly lines: LogLine[] = [];
  info(fields: object, message: string): void {
    this.lines.push({ level: 'info', fields: { ...fields }, message });
  }
  warn(fields: object, message: string): void {
    this.lines.push({ level: 'warn', fields: { ...fields }, message });
  }
  error(fields: object, message: string): void {
    this.lines.push({ level: 'error', fields: { ...fields }, message });
  }
}

export interface TestSetup {
  readonly token?: string;
  readonly limits?: Partial<AdminLimits>;
}

export async function startApp(t: TestContext, setup: TestSetup = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-admin-'));
  const backend = new FakeBackend();
  const logger = new LogRecorder();
  const limits = { ...defaultAdminLimits, ...setup.limits };
  const uploads = new UploadFolder(folder, limits.maxUploads);
  await uploads.open();
  const app: App = await buildApp({
    backend,
    logger,
    limits,
    uploads,
    shutdown: new AbortController().signal,
    hasToken: setup.token !== undefined,
    checkAccess: createAccessCheck('127.0.0.1', setup.token),
  });
  t.after(async () => {
    await app.close();
    await rm(folder, { recursive: true });
  });
  return { app, backend, logger };
}

export async function startServer(t: TestContext, setup: TestSetup = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sqlens-admin-'));
  const backend = new FakeBackend();
  const logger = new LogRecorder();
  const server = createAdminServer({
    backend,
    logger,
    host: '127.0.0.1',
    port: 0,
    token: setup.token,
    tmpDir: folder,
    limits: { shutdown_grace_ms: 100, ...setup.limits },
  });
  const { port } = await server.listen();
  t.after(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  const uploadNames = () => readdir(folder);
  return { server, backend, logger, port, base: `http://127.0.0.1:${port}`, folder, uploadNames };
}

/** Waits until something holds; the test's own time limit ends a wait for what never comes. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
}
