/** What the mirror has to be able to do for what is here. */

export type MirrorRow = readonly (string | null)[];

export interface MirrorPort {
  /** Runs statements as the mirror's superuser in one transaction: all or none of them. */
  apply(statements: readonly string[]): Promise<void>;
  /** The rows of one SELECT, every value as PostgreSQL's text of it. */
  query(sql: string): Promise<readonly MirrorRow[]>;
}
