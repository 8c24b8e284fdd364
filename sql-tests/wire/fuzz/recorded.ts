/** What clients say in the transcripts, to be said wrongly. */
import { encodeLine, startup } from '../frontend.ts';
import { readTranscripts } from '../transcripts.ts';

export interface Recording {
  /** The transcript, and the session in it. */
  readonly name: string;
  /** Startup packets first, each message by itself. */
  readonly messages: readonly Buffer[];
}

/** Longer ones would take their time from the others. */
const longest_bytes = 16 * 1024;

/** One recording for every session of every transcript. */
export function recordings(): readonly [Recording, ...Recording[]] {
  const found: Recording[] = [];
  for (const transcript of readTranscripts()) {
    const sessions = new Map<string, Buffer[]>();
    for (const step of transcript.steps) {
      if (step.kind !== 'send') continue;
      const said = sessions.get(step.session) ?? [];
      for (const line of step.lines) {
        const message = encodeLine(line.replace(/\$\{[\w.]+\}/g, '16400'));
        if (message.kind !== 'bytes') continue;
        if (said.length === 0 && !message.untyped) said.push(startup());
        said.push(message.bytes);
      }
      sessions.set(step.session, said);
    }
    for (const [session, messages] of sessions) {
      const length_bytes = messages.reduce((sum, message) => sum + message.length, 0);
      if (length_bytes > longest_bytes) continue;
      found.push({ name: `${transcript.name} ${session}`, messages });
    }
  }
  const [first, ...others] = found;
  if (first === undefined) throw new Error('there are no transcripts');
  return [first, ...others];
}
