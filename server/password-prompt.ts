/** Reads a password: from a terminal without showing it, else the first line of the input. */
import type { Readable } from 'node:stream';

export interface Terminal extends Readable {
  setRawMode(mode: boolean): unknown;
}

const CONTROL_C = '\u0003';
const END_OF_INPUT = '\u0004';
const ERASE: ReadonlySet<string> = new Set(['\u0008', '\u007f']);
const ERASE_LINE = '\u0015';

/** @returns undefined when the input ends before there is any */
export async function firstLine(input: Readable): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of input) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    chunks.push(bytes);
    if (bytes.includes('\n')) break;
  }
  if (chunks.length === 0) return undefined;
  return Buffer.concat(chunks).toString('utf8').split(/\r?\n/, 1)[0];
}

/** @returns undefined when the input ends, or is interrupted, before a line does */
export async function readHidden(
  prompt: string,
  terminal: Terminal,
  screen: NodeJS.WritableStream,
): Promise<string | undefined> {
  screen.write(prompt);
  terminal.setEncoding('utf8');
  terminal.setRawMode(true);
  terminal.resume();
  try {
    return await new Promise<string | undefined>((resolve) => {
      let typed: string[] = [];
      const done = (answer: string | undefined) => {
        terminal.off('data', onData);
        terminal.off('end', onEnd);
        resolve(answer);
      };
      const onEnd = () => done(undefined);
      const onData = (chunk: string) => {
        for (const character of chunk) {
          if (character === '\r' || character === '\n') {
            done(typed.join(''));
            return;
          }
          if (character === CONTROL_C || character === END_OF_INPUT) {
            done(undefined);
            return;
          }
          if (ERASE.has(character)) typed.pop();
          else if (character === ERASE_LINE) typed = [];
          else typed.push(character);
        }
      };
      terminal.on('data', onData);
      terminal.on('end', onEnd);
    });
  } finally {
    terminal.setRawMode(false);
    terminal.pause();
    screen.write('\n');
  }
}
