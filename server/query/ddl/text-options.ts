/** The OPTIONS of CREATE MODEL that put a tokenizer in front of a model: tokenizer, max_length, pooling, normalize. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Manifest } from '../../../models/artifact.ts';
import { checkTokenizerInChild } from '../../../models/index.ts';
import {
  choosePooling,
  DEFAULT_MAX_LENGTH,
  POOLING_MODES,
  type Pooling,
  type TextSpec,
  tokenInputs,
} from '../../../udf-registry/text-model.ts';
import type { SessionContext } from '../session/session-context.ts';
import type { Token } from '../text/tokens.ts';
import { errorAt, type Option, pointedAt } from './cursor.ts';

export interface TextOptions {
  /** Where the tokenizer.json is. */
  readonly tokenizer: string | undefined;
  readonly max_length: number | undefined;
  readonly pooling: Pooling | undefined;
  readonly normalize: boolean | undefined;
  /** Where each is given, for errors. */
  readonly tokens: ReadonlyMap<string, Token>;
}

export const TEXT_OPTIONS = ['tokenizer', 'max_length', 'pooling', 'normalize'] as const;
export type TextOptionName = (typeof TEXT_OPTIONS)[number];

export const NO_TEXT: TextOptions = {
  tokenizer: undefined,
  max_length: undefined,
  pooling: undefined,
  normalize: undefined,
  tokens: new Map(),
};

const MAX_LENGTH_LIMIT = 32_768;
const MAX_TOKENIZER_BYTES = 40 * 2 ** 20;
const CHECK_TIMEOUT_MS = 30_000;

/** @param wrong makes the error of a value that the option does not take */
export function readTextOption(
  read: TextOptions,
  name: TextOptionName,
  option: Option,
  wrong: (option: Option, wanted: string) => Error,
): TextOptions {
  const { value } = option;
  const tokens = new Map(read.tokens).set(name, option.valueToken);
  switch (name) {
    case 'tokenizer':
      if (typeof value !== 'string') throw wrong(option, "a tokenizer.json's location");
      return { ...read, tokens, tokenizer: value };
    case 'max_length':
      if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_LENGTH_LIMIT) {
        throw wrong(option, `a whole number from 1 to ${MAX_LENGTH_LIMIT}`);
      }
      return { ...read, tokens, max_length: value };
    case 'pooling': {
      const mode = POOLING_MODES.find((known) => known === value);
      if (mode === undefined) throw wrong(option, `one of ${POOLING_MODES.map((m) => `'${m}'`).join(', ')}`);
      return { ...read, tokens, pooling: mode };
    }
    case 'normalize':
      if (typeof value !== 'boolean') throw wrong(option, 'true or false');
      return { ...read, tokens, normalize: value };
  }
}

/** @throws 22023 for options that mean nothing without a tokenizer */
export function checkTextOptions({ tokenizer, tokens }: TextOptions): void {
  const [first] = tokens;
  if (tokenizer !== undefined || first === undefined) return;
  const [name, token] = first;
  throw errorAt(
    token,
    SqlState.invalidParameterValue,
    `option "${name}" is for models with a tokenizer`,
    "Add OPTIONS (tokenizer = 'tokenizer.json'), or leave it out.",
  );
}

/**
 * Tries the tokenizer, stores it beside the artifacts and settles how texts go through the model.
 * @param readFile reads a file of at most so many bytes, with errors that point at the token
 * @returns undefined for a model without a tokenizer
 */
export async function settleText(
  context: SessionContext,
  options: TextOptions,
  manifest: Manifest,
  readFile: (location: string, token: Token | undefined, maxSize_bytes: number) => Promise<Uint8Array>,
): Promise<TextSpec | undefined> {
  if (options.tokenizer === undefined) return undefined;
  const tokenAt = (name: TextOptionName) => options.tokens.get(name);
  const location = options.tokenizer;
  const inputs = pointing(tokenAt('tokenizer'), () => tokenInputs(manifest.inputs));
  const bytes = await readFile(location, tokenAt('tokenizer'), MAX_TOKENIZER_BYTES);
  const name = location.slice(location.lastIndexOf('/') + 1);
  const limits = { timeout_ms: CHECK_TIMEOUT_MS, signal: context.signal };
  const summary = await checkTokenizerInChild({ name, bytes }, limits).catch((error: unknown) => {
    throw pointedAt(tokenAt('tokenizer'), error);
  });
  const fixed = inputs.length ?? Number.POSITIVE_INFINITY;
  const max_length = options.max_length ?? Math.min(fixed, summary.max_length ?? DEFAULT_MAX_LENGTH);
  if (max_length > fixed || max_length <= summary.specialCount) {
    throw pointedAt(
      tokenAt('max_length') ?? tokenAt('tokenizer'),
      new SqlensError({
        sqlState: SqlState.invalidParameterValue,
        message:
          max_length > fixed
            ? `max_length is ${max_length}, but the model takes ${fixed} tokens`
            : `max_length is ${max_length}, and the tokenizer puts ${summary.specialCount} special tokens around each text`,
        hint: max_length > fixed ? `Give at most ${fixed}.` : `Give at least ${summary.specialCount + 1}.`,
      }),
    );
  }
  const { pooling, output } = pointing(tokenAt('pooling'), () =>
    choosePooling(manifest, inputs.length, options.pooling),
  );
  const tokenizer = await context.engine.artifacts.putTokenizer(bytes);
  return { tokenizer, max_length, pooling, normalize: options.normalize ?? false, output };
}

function pointing<T>(token: Token | undefined, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw pointedAt(token, error);
  }
}
