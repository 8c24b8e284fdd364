import { readFile } from 'node:fs/promises';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import { Tokenizer } from '../../models/text/tokenizer.ts';
import type { TextTask } from '../text-model.ts';

/** A vocabulary of 250,000 takes some hundred megabytes: a worker has half a gigabyte for such things. */
const TOKENIZERS_MAX = 3;

/** The tokenizers that a worker holds, least recently used out first. */
export class Tokenizers {
  private readonly byDigest = new Map<string, Tokenizer>();

  has({ tokenizer }: TextTask): boolean {
    return this.byDigest.has(tokenizer);
  }

  /** @throws SqlensError XX001 when the file is gone or damaged */
  async get({ tokenizer: digest, tokenizerPath }: TextTask): Promise<Tokenizer> {
    let tokenizer = this.byDigest.get(digest);
    this.byDigest.delete(digest);
    if (tokenizer === undefined) {
      for (const oldest of [...this.byDigest.keys()].slice(0, this.byDigest.size - TOKENIZERS_MAX + 1)) {
        this.byDigest.delete(oldest);
      }
      tokenizer = await load(tokenizerPath);
    }
    this.byDigest.set(digest, tokenizer);
    return tokenizer;
  }
}

async function load(path: string): Promise<Tokenizer> {
  try {
    return Tokenizer.parse(await readFile(path));
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.dataCorrupted,
      message: `the tokenizer does not load: ${messageOf(error)}`,
      hint: 'Register the model again with CREATE OR REPLACE MODEL.',
      cause: error,
    });
  }
}
