/** Offsets of a time zone at an instant: what a timestamptz needs to be printed in the session's zone. */
import { microsPerSecond } from './calendar.ts';

/** Zones change their offset at most once within such a span of a transition; equal ends mean an even span. */
const span_s = 6 * 3600;
const maxCachedSpans = 4096;
/** The last second that a JavaScript Date can hold; zones do not change beyond. */
const limit_s = 8_640_000_000_000;

export class TimeZone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat | undefined;
  readonly #cache = new Map<number, number | undefined>();

  /** An unknown name counts as UTC: the engine has refused it already, and a row must still be printed. */
  constructor(name: string) {
    this.name = name;
    this.#format = isUtc(name) ? undefined : formatFor(name);
  }

  /** Seconds east of UTC at an instant given in microseconds since 1970. */
  offsetAt_s(micros: bigint): number {
    if (this.#format === undefined) return 0;
    const seconds = Math.max(-limit_s, Math.min(limit_s, Number(micros / microsPerSecond)));
    const span = Math.floor(seconds / span_s);
    if (!this.#cache.has(span)) this.#remember(span);
    return this.#cache.get(span) ?? this.#compute(this.#format, seconds);
  }

  /** The instant of a local time. As in PostgreSQL, in a gap the offset before it counts, in an overlap the one after. */
  instantOf(local_micros: bigint): bigint {
    const day_micros = 86_400n * microsPerSecond;
    const before = this.offsetAt_s(local_micros - day_micros);
    const after = this.offsetAt_s(local_micros + day_micros);
    const byBefore = local_micros - BigInt(before) * microsPerSecond;
    const byAfter = local_micros - BigInt(after) * microsPerSecond;
    return this.offsetAt_s(byAfter) === after ? byAfter : byBefore;
  }

  #remember(span: number): void {
    if (this.#format === undefined) return;
    if (this.#cache.size >= maxCachedSpans) this.#cache.clear();
    const first = this.#compute(this.#format, Math.max(-limit_s, span * span_s));
    const last = this.#compute(this.#format, Math.min(limit_s, (span + 1) * span_s - 1));
    this.#cache.set(span, first === last ? first : undefined);
  }

  #compute(format: Intl.DateTimeFormat, seconds: number): number {
    const part = format.formatToParts(seconds * 1000).find(({ type }) => type === 'timeZoneName');
    const match = /^GMT(?:([+-])(\d\d):(\d\d)(?::(\d\d))?)?$/.exec(part?.value ?? 'GMT');
    if (match?.[1] === undefined) return 0;
    const offset_s = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0);
    return match[1] === '-' ? -offset_s : offset_s;
  }
}

export const utc = new TimeZone('UTC');

function isUtc(name: string): boolean {
  return /^(utc|gmt|etc\/utc|etc\/gmt|zulu|z)$/i.test(name);
}

function formatFor(name: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
  } catch {
    return undefined;
  }
}
