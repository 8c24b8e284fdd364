/** COPY … TO a file: only where SQL may write, never into the data directory, and all or nothing. */
import { randomUUID } from 'node:crypto';
import { rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { isBelow, realPathOf, type SandboxRules } from '../sandbox.ts';
import { findWord } from '../text/clauses.ts';
import { quoteLiteral, type Token } from '../text/tokens.ts';
import type { CopyDrafts } from './copy-drafts.ts';

export type CopyFile =
  | { readonly direction: 'from' }
  /** `text` writes to a draft beside the target; `begin` comes before it. */
  | {
      readonly direction: 'to';
      readonly text: string;
      begin(): void;
      commit(): Promise<void>;
      discard(): Promise<void>;
    };

/** Options that make COPY write files of its own naming, which cannot be renamed into place at once. */
const SCATTERING_OPTIONS = new Set([
  'partition_by',
  'per_thread_output',
  'file_size_bytes',
  'filename_pattern',
  'row_groups_per_file',
  'use_tmp_file',
  'return_files',
  'write_partition_columns',
  'overwrite',
  'overwrite_or_ignore',
  'append',
]);

/**
 * @throws 42501 outside the allowed folders, for devices and for anything but a plain name; 0A000 for options that scatter files
 */
export function prepareCopy(
  sql: string,
  tokens: readonly Token[],
  rules: SandboxRules,
  allowedPaths: readonly string[],
  drafts: CopyDrafts,
): CopyFile {
  const to = findWord(tokens, 1, 'to', 'from');
  const keyword = tokens[to];
  const target = tokens[to + 1];
  if (keyword === undefined || target === undefined) {
    throw new SqlensError({ sqlState: SqlState.syntaxError, message: 'COPY needs TO or FROM and a file' });
  }
  if (target.kind !== 'string') {
    throw new SqlensError({
      sqlState: SqlState.insufficientPrivilege,
      message: 'COPY takes its file name as a plain literal',
      position: target.start + 1,
    });
  }
  const file = target.value.replace(/^file:(\/\/)?/, '');
  const real = realPathOf(file);
  const isDevice = [path.resolve(file), real].some((name) => /^\/(dev|proc|sys)(\/|$)/.test(name));
  const isAllowed =
    !isDevice && allowedPaths.some((folder) => isBelow(real, folder)) && !isBelow(real, rules.dataDir);
  if (!isAllowed || /^[a-z][a-z0-9+.-]*:\/\//i.test(target.value.replace(/^file:\/\//, ''))) {
    throw new SqlensError({
      sqlState: SqlState.insufficientPrivilege,
      message: `permission denied for ${quoteLiteral(target.value)}`,
      hint: 'Files are read and written below the folders that the server was started with (--allow-path).',
      position: target.start + 1,
    });
  }
  if (keyword.value === 'from') return { direction: 'from' };
  const scattering = tokens.slice(to).find((token) => SCATTERING_OPTIONS.has(token.value.toLowerCase()));
  if (scattering !== undefined) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `COPY option ${scattering.text.toUpperCase()} is not supported: it would not be all or nothing`,
      position: scattering.start + 1,
    });
  }
  const id = randomUUID();
  const draft = drafts.draftPath(real, id);
  return {
    direction: 'to',
    text: `${sql.slice(0, target.start)}${quoteLiteral(draft)}${sql.slice(target.end)}`,
    begin: () => drafts.note(id, draft),
    async commit() {
      await rename(draft, real);
      drafts.forget(id);
    },
    async discard() {
      await rm(draft, { force: true });
      drafts.forget(id);
    },
  };
}
