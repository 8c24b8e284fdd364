import { SqlensError, SqlState } from '../common/errors.ts';
import type { Phase } from './workers/messages.ts';

/** How a worker ended: of its own doing, or by our SIGKILL because it took too long. */
export type Ending = 'crash' | 'deadline';

/** A model that has never answered is refused after so many workers died of it … */
const KILLS_UNPROVEN_MAX = 2;
/** … and one that has, after so many in a row: its inputs may be to blame. */
const KILLS_PROVEN_MAX = 8;

interface Standing {
  hasAnswered: boolean;
  /** Workers that died of it since it last answered. */
  kills: number;
  /** The rows it ran when they died, by identity; empty when it was loading. */
  rowSets: ReadonlySet<object>[];
  error: SqlensError | undefined;
}

/** A worker that died while it ran or loaded a model, beyond reasonable doubt because of it. */
export interface Death {
  readonly digest: string;
  readonly phase: Phase;
  readonly ending: Ending;
  readonly rows: readonly object[];
}

/**
 * Keeps count of workers that died of a model. One bad input must not condemn a model, so deaths that may be due to the
 * same rows count once, as long as the model has not ended by deadline or while loading, where rows play no part.
 */
export class Quarantine {
  private readonly standings = new Map<string, Standing>();

  /** The error that callers of a quarantined model get; undefined for the others. */
  refusal(digest: string): SqlensError | undefined {
    return this.standings.get(digest)?.error;
  }

  /** The models that are refused now. */
  digests(): string[] {
    return [...this.standings].filter(([, { error }]) => error !== undefined).map(([digest]) => digest);
  }

  answered(digest: string): void {
    const standing = this.standingOf(digest);
    standing.hasAnswered = true;
    standing.kills = 0;
    standing.rowSets = [];
  }

  /**
   * Notes a death.
   * @returns the error to reject callers with, when this was one too many
   */
  died({ digest, phase, ending, rows }: Death): SqlensError | undefined {
    const standing = this.standingOf(digest);
    const rowSet = new Set(phase === 'load' ? [] : rows);
    const isNew = standing.rowSets.every((earlier) => rows.every((row) => !earlier.has(row)));
    if (phase === 'load' || ending === 'deadline' || isNew || standing.hasAnswered) standing.kills++;
    standing.rowSets.push(rowSet);
    const kills_max = standing.hasAnswered ? KILLS_PROVEN_MAX : KILLS_UNPROVEN_MAX;
    if (standing.kills < kills_max) return undefined;
    standing.error ??= refusalOf(standing.kills, phase, ending);
    return standing.error;
  }

  /** Forgets what a model has done: it was registered again. */
  release(digest: string): void {
    this.standings.delete(digest);
  }

  private standingOf(digest: string): Standing {
    const known = this.standings.get(digest);
    if (known !== undefined) return known;
    const standing: Standing = { hasAnswered: false, kills: 0, rowSets: [], error: undefined };
    this.standings.set(digest, standing);
    return standing;
  }
}

function refusalOf(kills: number, phase: Phase, ending: Ending): SqlensError {
  const doing = phase === 'load' ? 'while it was loading' : 'while it ran';
  const how = ending === 'deadline' ? 'had to be killed at the deadline' : 'crashed';
  return new SqlensError({
    sqlState: SqlState.objectNotInPrerequisiteState,
    message: `the model is quarantined: ${kills} worker processes ${how} ${doing}`,
    hint: 'Register it again with CREATE OR REPLACE MODEL to try once more; a model that never ends or needs more memory than a worker has must be changed first.',
  });
}
