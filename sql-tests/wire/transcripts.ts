/** The transcripts of this folder. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseTranscript, type Transcript } from './transcript.ts';

export const transcriptFolder = fileURLToPath(new URL('./transcripts', import.meta.url));

/** @param only parts of file names; none: all */
export function readTranscripts(only: readonly string[] = []): Transcript[] {
  return readdirSync(transcriptFolder)
    .filter((file) => file.endsWith('.wire'))
    .filter((file) => only.length === 0 || only.some((part) => file.includes(part)))
    .sort()
    .map((file) => parseTranscript(file, readFileSync(path.join(transcriptFolder, file), 'utf8')));
}
