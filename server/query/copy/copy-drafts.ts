/**
 * Drafts of files that COPY writes lie beside their targets, in the users' folders. So that a killed server leaves none
 * there, each is noted in the data directory before it is begun; the next start removes what is still noted.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** What `draftPath` makes; nothing else is ever removed. */
const DRAFT_NAME = /^\.([0-9a-f-]{36})\.part\./;

export class CopyDrafts {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Removes what an earlier run has left, and its notes. */
  open(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    for (const note of readdirSync(this.#folder)) {
      const notePath = path.join(this.#folder, note);
      const draft = readFileSync(notePath, 'utf8');
      const [, id] = DRAFT_NAME.exec(path.basename(draft)) ?? [];
      if (id === note) rmSync(draft, { force: true });
      rmSync(notePath, { force: true });
    }
  }

  /** The name of a draft for a target: beside it, where it can be renamed, with its ending, which says the format. */
  draftPath(target: string, id: string): string {
    return path.join(path.dirname(target), `.${id}.part.${path.basename(target)}`);
  }

  note(id: string, draft: string): void {
    writeFileSync(path.join(this.#folder, id), draft, { mode: 0o600 });
  }

  forget(id: string): void {
    rmSync(path.join(this.#folder, id), { force: true });
  }
}
