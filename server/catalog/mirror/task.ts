/** What the server and the process that runs PostgreSQL agree on at its start. */

/** The pipe of frames; standard input and output are not used, the one before it is fork's own channel. */
export const PIPE_FD = 4;

export interface MirrorTask {
  readonly folder: string;
  /** Nothing is there yet: make it first. */
  readonly isNew: boolean;
  /** SQLens' own version. */
  readonly version: string;
}

export const EXIT_FAILED = 70;
