/** A wire server over an in-memory DuckDB, and its end. */
import type { AddressInfo } from 'node:net';
import type { ConnectionSummary, WireLogger } from '../options.ts';
import { createWireServer, type WireServer, type WireServerOptions } from '../server.ts';
import { DuckDbBackend, type DuckDbSession } from './duckdb-backend.ts';

export interface Harness {
  readonly backend: DuckDbBackend;
  readonly server: WireServer;
  readonly port: number;
  /** How connections ended. */
  readonly summaries: ConnectionSummary[];
  /** What the server logged as errors: nothing, if all is well. */
  readonly errors: unknown[];
  /** The one open session. */
  session(): DuckDbSession;
  close(): Promise<void>;
}

export async function startHarness(options: Partial<WireServerOptions> = {}): Promise<Harness> {
  const backend = await DuckDbBackend.create();
  const summaries: ConnectionSummary[] = [];
  const errors: unknown[] = [];
  const ignore = (): void => {};
  const logger: WireLogger = {
    debug: ignore,
    info: ignore,
    warn: ignore,
    error: (fields) => errors.push(fields),
  };
  const hooks = { onConnectionClosed: (_: unknown, closed: ConnectionSummary) => summaries.push(closed) };
  const server = createWireServer({ backend, host: '127.0.0.1', port: 0, logger, hooks, ...options });
  const { port }: AddressInfo = await server.listen();
  return {
    backend,
    server,
    port,
    summaries,
    errors,
    session() {
      const [only, ...others] = backend.sessions;
      if (only === undefined || others.length > 0)
        throw new Error(`${backend.sessions.size} sessions are open, not 1`);
      return only;
    },
    async close() {
      await server.close();
      backend.close();
    },
  };
}

/** Waits for something that will come to pass; gives up after ten seconds. */
export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 1000; attempt++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never came to pass: ${what}`);
}
