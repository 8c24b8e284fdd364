/**
 * LISTEN and NOTIFY between the sessions of this server. A notification leaves with its sender's commit and reaches
 * a listener between its statements.
 */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Notification } from '../api.ts';
import type { TransactionPart } from '../session/transaction.ts';

const MAX_CHANNEL_BYTES = 63;
/** As in PostgreSQL: a payload must be shorter. */
const PAYLOAD_LIMIT_BYTES = 8000;
/** What a session may have been sent while it is busy. */
const MAX_RECEIVED_BYTES = 16 * 2 ** 20;
/** Notifications that one transaction may hold back. */
const MAX_PENDING = 100_000;

/** Gives what a commit sends to whoever listens. */
export class NotificationHub {
  readonly #listeners = new Map<string, Set<SessionNotifications>>();

  listen(channel: string, session: SessionNotifications): void {
    const listeners = this.#listeners.get(channel) ?? new Set();
    this.#listeners.set(channel, listeners.add(session));
  }

  unlisten(channel: string, session: SessionNotifications): void {
    const listeners = this.#listeners.get(channel);
    listeners?.delete(session);
    if (listeners?.size === 0) this.#listeners.delete(channel);
  }

  hasRoom(channel: string): boolean {
    return ![...(this.#listeners.get(channel) ?? [])].some((session) => session.isFull);
  }

  send(notifications: Iterable<Notification>): void {
    for (const notification of notifications) {
      for (const session of this.#listeners.get(notification.channel) ?? []) session.receive(notification);
    }
  }
}

interface Pending {
  readonly sent: ReadonlyMap<string, Notification>;
  readonly listening: ReadonlySet<string>;
}

/** One session's channels, and what its transaction holds back. */
export class SessionNotifications implements TransactionPart {
  readonly #hub: NotificationHub;
  readonly #processId: number;
  readonly #arrived: () => void;
  /** Received, and not taken yet. */
  #received: Notification[] = [];
  #received_bytes = 0;
  /** What is listened to by committed transactions. */
  #committed: ReadonlySet<string> = new Set();
  #listening: ReadonlySet<string> = new Set();
  /** In order, each once. */
  #sent: Map<string, Notification> = new Map();

  constructor(hub: NotificationHub, processId: number, arrived: () => void) {
    this.#hub = hub;
    this.#processId = processId;
    this.#arrived = arrived;
  }

  /** For pg_listening_channels(). */
  get channels(): readonly string[] {
    return [...this.#committed];
  }

  listen(channel: string): void {
    this.#listening = new Set(this.#listening).add(cut(channel));
  }

  unlisten(channel: string): void {
    this.#listening = new Set([...this.#listening].filter((each) => each !== cut(channel)));
  }

  unlistenAll(): void {
    this.#listening = new Set();
  }

  /**
   * @param payload '' for none
   * @throws 22023, 53400 when the transaction has sent too many
   */
  notify(channel: string, payload: string): void {
    if (channel === '') throw invalid('channel name cannot be empty');
    if (Buffer.byteLength(channel) > MAX_CHANNEL_BYTES) throw invalid('channel name too long');
    if (Buffer.byteLength(payload) >= PAYLOAD_LIMIT_BYTES) throw invalid('payload string too long');
    const key = `${channel}\0${payload}`;
    if (this.#sent.has(key)) return;
    if (this.#sent.size >= MAX_PENDING) {
      throw new SqlensError({
        sqlState: SqlState.configurationLimitExceeded,
        message: `a transaction may send at most ${MAX_PENDING} notifications`,
        hint: 'COMMIT in between.',
      });
    }
    this.#sent.set(key, { channel, payload, processId: this.#processId });
  }

  receive(notification: Notification): void {
    this.#received.push(notification);
    this.#received_bytes += sizeOf_bytes(notification);
    this.#arrived();
  }

  /** What was received since it was asked last. */
  take(): readonly Notification[] {
    const received = this.#received;
    this.#received = [];
    this.#received_bytes = 0;
    return received;
  }

  get isFull(): boolean {
    return this.#received_bytes > MAX_RECEIVED_BYTES;
  }

  /** @throws 54000 while a listener does not take what it has been sent */
  async committing(): Promise<void> {
    for (const { channel } of this.#sent.values()) {
      if (!this.#hub.hasRoom(channel)) {
        throw new SqlensError({
          sqlState: SqlState.programLimitExceeded,
          message: 'too many notifications in the NOTIFY queue',
          detail: `A session that listens to "${channel}" has been in a transaction since too many of them.`,
          hint: 'End that transaction; it gets them then.',
        });
      }
    }
  }

  mark(): () => Promise<void> {
    const pending: Pending = { sent: new Map(this.#sent), listening: this.#listening };
    return async () => {
      this.#sent = new Map(pending.sent);
      this.#listening = pending.listening;
    };
  }

  async ended(committed: boolean): Promise<void> {
    const sent = this.#sent;
    this.#sent = new Map();
    if (!committed) {
      this.#listening = this.#committed;
      return;
    }
    const before = this.#committed;
    this.#committed = this.#listening;
    for (const channel of before) if (!this.#committed.has(channel)) this.#hub.unlisten(channel, this);
    for (const channel of this.#committed) if (!before.has(channel)) this.#hub.listen(channel, this);
    if (sent.size > 0) this.#hub.send(sent.values());
  }

  /** A statement by itself is a transaction by itself. */
  async endAlone(): Promise<void> {
    try {
      await this.committing();
    } catch (error) {
      await this.ended(false);
      throw error;
    }
    await this.ended(true);
  }

  /** The session is over. */
  close(): void {
    for (const channel of this.#committed) this.#hub.unlisten(channel, this);
    this.#committed = new Set();
    this.#listening = new Set();
  }
}

/** A name longer than PostgreSQL's is cut, as every identifier is. */
function cut(channel: string): string {
  const bytes = Buffer.from(channel);
  return bytes.length <= MAX_CHANNEL_BYTES ? channel : bytes.subarray(0, MAX_CHANNEL_BYTES).toString();
}

function sizeOf_bytes({ channel, payload }: Notification): number {
  return 64 + 2 * (channel.length + payload.length);
}

function invalid(message: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message });
}
