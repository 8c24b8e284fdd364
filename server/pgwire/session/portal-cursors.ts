/** The protocol's portals as SQL sees them: names that are taken, and cursors that FETCH reads. */
import { Cursor } from '../../query/control/cursors/cursor.ts';
import type { ForeignPortals, StartPortal } from '../../query/control/cursors/cursors.ts';
import { RowStore } from '../../query/control/cursors/row-store.ts';
import type { SessionContext } from './context.ts';
import { streamOf } from './streams.ts';

export class PortalCursors implements ForeignPortals {
  readonly #context: SessionContext;

  constructor(context: SessionContext) {
    this.#context = context;
  }

  has(name: string): boolean {
    return name !== '' && this.#context.registry.hasPortal(name);
  }

  async asCursor(name: string, start: StartPortal): Promise<Cursor | undefined> {
    if (!this.has(name)) return undefined;
    const portal = this.#context.registry.portal(name);
    const { prepared } = portal.statement;
    if (portal.state.kind === 'ready') {
      const stream = streamOf(
        this.#context,
        await start(portal.bound),
        prepared.columns,
        portal.resultFormats,
      );
      portal.state = { kind: 'running', stream };
    }
    const { state } = portal;
    const columns =
      (state.kind === 'running' ? state.stream.execution.columns : undefined) ?? prepared.columns ?? [];
    return new Cursor({
      name,
      text: prepared.text,
      scrolling: 'no-scroll',
      isHoldable: false,
      isBinary: false,
      columns,
      store: new RowStore({ columns: undefined, spills: false, connect: neverKept }),
      execution: {
        kind: prepared.kind === 'catalog' ? 'catalog' : 'rows',
        next: async (maxRows) => (state.kind === 'running' ? state.stream.take(maxRows) : undefined),
        close: async () => undefined,
      },
      release: async () => undefined,
      interrupt: () => undefined,
    });
  }

  async close(name: string): Promise<boolean> {
    if (!this.has(name)) return false;
    await this.#context.registry.closePortal(name);
    return true;
  }

  /** Also the unnamed one, unless it is what runs now. */
  async closeAll(): Promise<void> {
    await this.#context.registry.closeNamedPortals();
  }
}

function neverKept(): never {
  throw new TypeError('a portal keeps no rows');
}
