/**
 * The transcript files: what is sent, and what must come back. README.md beside this file describes the format for
 * people; this module reads it and writes expectations back without touching anything else in a file.
 */

export type Engine = 'postgres' | 'sqlens';

/** What stands in the place of a block's lines on SQLens, and why. */
export interface Variant {
  readonly reason: string;
  /** Where reading ends on SQLens; undefined: where it ends on PostgreSQL. */
  readonly names: readonly string[] | undefined;
  readonly lines: readonly string[];
}

interface Block {
  readonly session: string;
  /** One message each, continuation lines joined. */
  readonly lines: readonly string[];
  readonly sqlens: Variant | undefined;
  /** 1-based line of the header. */
  readonly line: number;
  /** Index of the first line after the header, and of the line after the block's last. */
  readonly body: readonly [start: number, end: number];
  /** The same of the variant; undefined where there is none. */
  readonly variantBody: readonly [start: number, end: number] | undefined;
}

export type Step =
  | (Block & { readonly kind: 'send' })
  /** Reads until each of these messages has come, in this order. */
  | (Block & { readonly kind: 'until'; readonly names: readonly string[] });

export interface Transcript {
  readonly name: string;
  readonly title: string;
  readonly steps: readonly Step[];
  readonly text: string;
}

/** The one session of most transcripts. */
const onlySession = 'a';

/**
 * Reads a transcript.
 * @throws Error that names file and line
 */
export function parseTranscript(name: string, text: string): Transcript {
  const lines = text.split('\n');
  const steps: Step[] = [];
  const fail = (at: number, why: string): never => {
    throw new Error(`${name}:${at + 1}: ${why}`);
  };
  for (let at = 0; at < lines.length; ) {
    const header = lines[at] ?? '';
    if (header.trim() === '' || header.startsWith('#')) {
      at++;
      continue;
    }
    const start = at + 1;
    let end = start;
    while (end < lines.length && lines[end] !== '') end++;
    const messages = joined(lines.slice(start, end));
    if (header.startsWith('sqlens')) {
      const last = steps.pop() ?? fail(at, 'a sqlens block must follow the block that it stands for');
      if (last.sqlens !== undefined) fail(at, 'the block before has a sqlens block already');
      const match = /^sqlens(?: until((?: \w+)+))?: (\S.*)$/.exec(header);
      if (match === null) fail(at, 'expected "sqlens: reason" or "sqlens until Message: reason"');
      const names = match?.[1]?.trim().split(' ');
      const sqlens = { reason: match?.[2] ?? '', names, lines: messages };
      steps.push({ ...last, sqlens, variantBody: [start, end] });
    } else {
      const match = /^(send|until)(?: ([a-z]\w*))?((?: [A-Z]\w*)*)$/.exec(header);
      if (match === null) fail(at, `expected "send" or "until", found ${JSON.stringify(header)}`);
      const names = (match?.[3] ?? '').split(' ').filter((word) => word !== '');
      const session = match?.[2] ?? onlySession;
      const block: Block = {
        session,
        lines: messages,
        sqlens: undefined,
        line: at + 1,
        body: [start, end],
        variantBody: undefined,
      };
      if (match?.[1] === 'send') {
        if (messages.length === 0) fail(at, 'nothing to send');
        steps.push({ ...block, kind: 'send' });
      } else {
        if (names.length === 0) fail(at, 'until which message?');
        steps.push({ ...block, kind: 'until', names });
      }
    }
    at = end;
  }
  const comment = lines.find((line) => line.startsWith('#'));
  if (comment === undefined) return fail(0, 'the first line must say, after #, what the transcript is about');
  if (steps.length === 0) fail(0, 'the transcript is empty');
  return { name, title: comment.slice(1).trim(), steps, text };
}

/** Lines that begin with two spaces go on with the line before. */
function joined(lines: readonly string[]): string[] {
  const messages: string[] = [];
  for (const line of lines) {
    const last = messages.length - 1;
    if (line.startsWith('  ') && last >= 0) messages[last] += `\n${line.slice(2)}`;
    else messages.push(line);
  }
  return messages;
}

/** The file's text with other expectations: `received` by index of the step. */
export function withExpectations(
  transcript: Transcript,
  engine: Engine,
  received: ReadonlyMap<number, readonly string[]>,
): string {
  const lines = transcript.text.split('\n');
  for (const [index, step] of [...transcript.steps.entries()].reverse()) {
    const expected = received.get(index);
    const body = engine === 'postgres' ? step.body : step.variantBody;
    if (step.kind !== 'until' || expected === undefined || body === undefined) continue;
    lines.splice(body[0], body[1] - body[0], ...expected);
  }
  return lines.join('\n');
}

/** What a step sends or expects on this engine. */
export function linesOn(step: Step, engine: Engine): readonly string[] {
  return engine === 'sqlens' && step.sqlens !== undefined ? step.sqlens.lines : step.lines;
}

/** The messages that end an `until` step on this engine. */
export function endOn(step: Extract<Step, { kind: 'until' }>, engine: Engine): readonly string[] {
  return (engine === 'sqlens' ? step.sqlens?.names : undefined) ?? step.names;
}
