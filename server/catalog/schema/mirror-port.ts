/** What the mirror has to be able to do for what is here; `Mirror` can. */

/** Values as PostgreSQL's text of them, by column name. */
export type MirrorRow = Readonly<Record<string, string | null>>;

export interface MirrorPort {
  /** Runs statements as the mirror's superuser in one transaction, all or none of them; what they make belongs to admin. */
  apply(statements: readonly string[]): Promise<void>;
  /** The rows of one SELECT. */
  query(sql: string): Promise<readonly MirrorRow[]>;
}
