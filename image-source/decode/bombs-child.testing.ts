/** Decodes what bombs.test.ts asks for, in a process of its own whose memory can be measured. */
import { SqlensError } from '../../common/errors.ts';
import { flatPng, lyingImages, tooLargeImages } from './bombs.testing.ts';
import { decodeImage, decodeResized } from './decode.ts';
import { thumbnail } from './thumbnail.ts';

export interface BombReport {
  readonly name: string;
  /** "42×42" when it was decoded, else the SQLSTATE and the message. */
  readonly outcome: string;
}

export interface ChildReport {
  readonly bombs: readonly BombReport[];
  readonly peak_bytes: number;
}

async function outcomeOf(
  work: () => Promise<{ width: number; height: number } | undefined>,
): Promise<string> {
  try {
    const image = await work();
    return image === undefined ? 'done' : `${image.width}×${image.height}`;
  } catch (error) {
    return error instanceof SqlensError ? `${error.sqlState} ${error.message}` : `unexpected ${error}`;
  }
}

async function run(): Promise<ChildReport> {
  const bombs: BombReport[] = [];
  for (const [name, bytes] of [...tooLargeImages(), ...lyingImages()]) {
    bombs.push({ name, outcome: await outcomeOf(() => decodeImage(bytes)) });
    bombs.push({ name, outcome: await outcomeOf(() => decodeResized(bytes, 224, 224)) });
    bombs.push({
      name,
      outcome: await outcomeOf(async () => {
        await thumbnail(bytes, 100);
        return undefined;
      }),
    });
  }
  // Three images of the largest permitted size at once: the budget lets one through at a time.
  const largest = flatPng(8_000, 8, 2);
  const outcomes = await Promise.all([1, 2, 3].map(() => outcomeOf(() => decodeResized(largest, 224, 224))));
  bombs.push(...outcomes.map((outcome) => ({ name: '8,000² PNG', outcome })));
  return { bombs, peak_bytes: process.resourceUsage().maxRSS * 1024 };
}

process.send?.(await run());
process.disconnect?.();
