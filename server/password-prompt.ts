/** Reads a password: from a terminal without showing it, else the first line of the input. */
import type { ReadStream } from 'node:tty';

const CONTROL_C = '\u0003';
const END_OF_INPUT = '\u0004';
const ERASE: ReadonlySet<string> = new Set(['\u0008', '\u007f']);
const ERASE_LINE = '\u0015';

/** @returns undefined when the input ends, or is interrupted, before a line does */
export async function readPassword(
  prompt: string,
  input: ReadStream | NodeJS.ReadStream,
  output: NodeJS.WritableStream,
): Promise<string | undefined> {
  return input.isTTY ? readHidden(prompt, input, output) : firstLine(input);
}

async function firstLine(input: AsyncIterable<unknown>): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) {
    chunks.push(Buffer.from(String(chunk)));
    if (String(chunk).includes('\n')) break;
  }
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : text.split(/\r?\n/, 1)[0];
}

async function readHidden(
  prompt: string,
  input: ReadStream | NodeJS.ReadStream,
  output: NodeJS.WritableStream,
): Promise<string | undefined> {
  output.write(prompt);
  input.setEncoding('utf8');
  input.setRawMode(true);
  input.resume();
  try {
    return await new Promise<string | undefined>((resolve) => {
      let typed: string[] = [];
      const done = (answer: string | undefined) => {
        input.off('data', onData);
        input.off('end', onEnd);
        resolve(answer);
      };
      const onEnd = () => done(undefined);
      const onData = (chunk: string) => {
        for (const character of chunk) {
          if (character === '\r' || character === '\n') return done(typed.join(''));
          if (character === CONTROL_C || character === END_OF_INPUT) return done(undefined);
          if (ERASE.has(character)) typed.pop();
          else if (character === ERASE_LINE) typed = [];
          else typed.push(character);
        }
        return undefined;
      };
      input.on('data', onData);
      input.on('end', onEnd);
    });
  } finally {
    input.setRawMode(false);
    input.pause();
    output.write('\n');
  }
}
