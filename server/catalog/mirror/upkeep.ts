/**
 * What PostgreSQL's own background processes would do: PGlite has none. Without checkpoints the log grows for ever and
 * every start reads it; without vacuum each overlay leaves dead rows in the catalogs.
 */

/** After the last change; a busy mirror gets its turn at the latest after ten of these. */
const QUIET_MS = 2000;
const LONGEST_WAIT_MS = 10 * QUIET_MS;
const CHANGES_BETWEEN_VACUUMS = 500;
/** Those that definitions are kept in. The whole database would take seconds. */
const VACUUM = `VACUUM pg_catalog.pg_class, pg_catalog.pg_attribute, pg_catalog.pg_type, pg_catalog.pg_depend,
  pg_catalog.pg_index, pg_catalog.pg_constraint, pg_catalog.pg_attrdef, pg_catalog.pg_proc, pg_catalog.pg_description,
  pg_catalog.pg_shdepend, pg_toast.sqlens_state, pg_toast.sqlens_definitions`;

export class Upkeep {
  readonly #run: (sql: string) => Promise<unknown>;
  #timer: NodeJS.Timeout | undefined;
  #since_ms = 0;
  #changes = 0;

  /** @param run runs a statement if there is a process to run it; what it throws does not matter */
  constructor(run: (sql: string) => Promise<unknown>) {
    this.#run = run;
  }

  noteChange(): void {
    this.#changes++;
    const now_ms = performance.now();
    if (this.#timer === undefined) this.#since_ms = now_ms;
    else if (now_ms - this.#since_ms > LONGEST_WAIT_MS) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#work(), QUIET_MS).unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #work(): Promise<void> {
    this.#timer = undefined;
    const isVacuumDue = this.#changes >= CHANGES_BETWEEN_VACUUMS;
    if (isVacuumDue) this.#changes = 0;
    try {
      if (isVacuumDue) await this.#run(VACUUM);
      await this.#run('CHECKPOINT');
    } catch {
      // The process ended meanwhile; the next change brings the next turn.
    }
  }
}
