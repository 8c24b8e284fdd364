/**
 * Transcripts that SQLens does not answer as PostgreSQL does, though it should, and what is missing. They run all
 * the same; one that passes is named by the test, to be taken off the list.
 */
export const pending: ReadonlyMap<string, string> = new Map<string, string>();
