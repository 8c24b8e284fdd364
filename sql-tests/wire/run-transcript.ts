/** Runs one transcript on one server. */
import { canonical, Seen } from './backend.ts';
import { Conversation } from './conversation.ts';
import { type Engine, endOn, linesOn, type Transcript } from './transcript.ts';

export interface Target {
  readonly engine: Engine;
  readonly port: number;
}

/** What came where something else was expected. */
export class Divergence extends Error {
  constructor(where: string, expected: readonly string[], actual: readonly string[]) {
    const marked = (lines: readonly string[], others: readonly string[]): string =>
      lines.map((line) => `${others.includes(line) ? '   ' : '>> '}${line}`).join('\n');
    super(`${where}\nexpected\n${marked(expected, actual)}\nreceived\n${marked(actual, expected)}`);
    this.name = 'Divergence';
  }
}

/**
 * Says what the transcript says and compares what comes back.
 * @throws Divergence at the first block that differs
 */
export async function checkTranscript(transcript: Transcript, target: Target): Promise<void> {
  await converse(transcript, target, (index, received) => {
    const step = transcript.steps[index];
    if (step === undefined) return;
    const expected = linesOn(step, target.engine).map(canonical);
    const actual = unwrapped(received).map(canonical);
    if (expected.join('\n') === actual.join('\n')) return;
    throw new Divergence(`${transcript.name}:${step.line} on ${target.engine}`, expected, actual);
  });
}

/** What the server answers, by index of the step, to be written into the file. */
export async function recordTranscript(
  transcript: Transcript,
  target: Target,
): Promise<ReadonlyMap<number, readonly string[]>> {
  const records = new Map<number, readonly string[]>();
  await converse(transcript, target, (index, received) => records.set(index, received));
  return records;
}

async function converse(
  transcript: Transcript,
  { engine, port }: Target,
  onReceived: (index: number, lines: readonly string[]) => void,
): Promise<void> {
  const conversation = new Conversation(port, new Seen());
  try {
    for (const [index, step] of transcript.steps.entries()) {
      if (step.kind === 'send') await conversation.send(step.session, linesOn(step, engine));
      else {
        const received = await conversation.until(step.session, endOn(step, engine)).catch((error) => {
          throw new Error(`${transcript.name}:${step.line} on ${engine}: ${error.message}`);
        });
        onReceived(index, received);
      }
    }
  } finally {
    await conversation.close();
  }
}

/** Messages that were printed on several lines, on one. */
function unwrapped(lines: readonly string[]): string[] {
  const messages: string[] = [];
  for (const line of lines) {
    if (line.startsWith('  ')) messages[messages.length - 1] += ` ${line.trim()}`;
    else messages.push(line);
  }
  return messages;
}
