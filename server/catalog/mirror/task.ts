/** What the server and the process that runs PostgreSQL agree on at its start. */

/** The pipe of frames; standard input and output are not used, the one before it is fork's own channel. */
export const PIPE_FD = 4;

export type MirrorTask =
  /** Make the directory and end. A process of its own: what initdb needs of memory goes with it. */
  | { readonly kind: 'create'; readonly folder: string }
  | {
      readonly kind: 'serve';
      readonly folder: string;
      /** SQLens' own version. */
      readonly version: string;
    };

export const EXIT_CREATED = 0;
export const EXIT_FAILED = 70;
