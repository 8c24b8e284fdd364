/** What the two query protocols share of a session. */
import type { BackendSession, TransactionStatus } from '../../query/api.ts';
import type { ReadyStatus } from '../codec/backend.ts';
import type { CopyMessages } from '../copy/in/copy-in-stream.ts';
import type { WireLimits } from '../options.ts';
import type { Output } from '../output.ts';
import { type IntervalStyle, intervalStyleOf } from '../types/interval-style.ts';
import type { FormatSettings } from '../types/scalar-text.ts';
import { TimeZone, utc } from '../types/time-zone.ts';
import { PortalCursors } from './portal-cursors.ts';
import { Registry } from './registry.ts';

/** Follows the session's settings as they change. */
export class SessionSettings implements FormatSettings {
  timeZone: TimeZone = utc;
  readonly #backend: BackendSession;

  constructor(backend: BackendSession) {
    this.#backend = backend;
  }

  /** Asked once for each column of a result. */
  get byteaOutput(): 'hex' | 'escape' {
    return this.#backend.settingText('bytea_output') === 'escape' ? 'escape' : 'hex';
  }

  get intervalStyle(): IntervalStyle {
    return intervalStyleOf(this.#backend.settingText('IntervalStyle')) ?? 'postgres';
  }

  parameterChanged(name: string, value: string): void {
    if (name.toLowerCase() === 'timezone') this.timeZone = new TimeZone(value);
  }
}

const readyStatuses: Readonly<Record<TransactionStatus, ReadyStatus>> = {
  idle: 'I',
  'in-transaction': 'T',
  failed: 'E',
};

export class SessionContext {
  readonly backend: BackendSession;
  readonly output: Output;
  readonly registry: Registry;
  readonly settings: SessionSettings;
  /** What the client sends while COPY FROM STDIN runs. */
  readonly copyMessages: CopyMessages;
  /** A statement has run since the last Sync or Query: another one joins its implicit transaction. */
  pipelined = false;
  /** What the client was told of each setting, and what it is to be told before it may speak again. */
  readonly #reported = new Map<string, string>();
  readonly #changed = new Map<string, string>();

  constructor(backend: BackendSession, output: Output, copyMessages: CopyMessages, limits: WireLimits) {
    this.backend = backend;
    this.output = output;
    this.copyMessages = copyMessages;
    this.settings = new SessionSettings(backend);
    this.registry = new Registry(limits, backend.cursors);
    const { maxPreparedStatements, maxHeld_bytes } = limits;
    backend.statements.limits = { maxStatements: maxPreparedStatements, maxHeld_bytes };
    backend.cursors.portals = new PortalCursors(this);
  }

  /** A setting that clients follow has a value; they hear of it before ReadyForQuery, and only if it is new. */
  parameterChanged(name: string, value: string): void {
    this.settings.parameterChanged(name, value);
    this.#changed.set(name, value);
  }

  reportParameters(): void {
    for (const [name, value] of this.#changed) {
      if (this.#reported.get(name) === value) continue;
      this.#reported.set(name, value);
      this.output.send({ kind: 'parameterStatus', name, value });
    }
    this.#changed.clear();
  }

  get readyStatus(): ReadyStatus {
    return readyStatuses[this.backend.transactionStatus];
  }

  isIdle(): boolean {
    return this.backend.transactionStatus === 'idle';
  }

  /** Ends the implicit transaction, and with a transaction its portals. */
  async sync(failed: boolean): Promise<void> {
    this.pipelined = false;
    try {
      await this.backend.sync(failed);
    } finally {
      if (this.isIdle()) await this.registry.closePortals();
    }
  }
}
