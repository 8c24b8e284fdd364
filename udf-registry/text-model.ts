/** Text models: a tokenizer in front of a graph of token ids, and what is made of the vectors that it gives. */
import { SqlensError, SqlState } from '../common/errors.ts';
import type { Manifest, TensorSpec } from '../models/artifact.ts';

/** How the vectors of a text's tokens become one: their mean or maximum, the first one, or all of them as they are. */
export type Pooling = 'mean' | 'cls' | 'max' | 'none';

export const POOLING_MODES: readonly Pooling[] = ['mean', 'cls', 'max', 'none'];

/** What CREATE MODEL settles about text, as the registry keeps it. */
export interface TextSpec {
  /** SHA-256 of the tokenizer file, hex: it stands beside the artifact under this name. */
  readonly tokenizer: string;
  /** Tokens of one text at most, special ones included. */
  readonly max_length: number;
  readonly pooling: Pooling;
  /** Vectors are divided by their length. */
  readonly normalize: boolean;
  /** The output that is served; undefined: all of them. */
  readonly output: string | undefined;
}

/** What an input of the graph gets. */
export type TokenRole = 'ids' | 'mask' | 'types' | 'positions';

export interface TextTask extends TextSpec {
  readonly tokenizerPath: string;
  /** In the order of the graph's inputs. */
  readonly roles: readonly TokenRole[];
  /** Tokens that the graph insists on; null when it takes any number. */
  readonly length: number | null;
}

/** Longest texts, in tokens, where neither the model nor the tokenizer says. */
export const DEFAULT_MAX_LENGTH = 512;

/** The first that fits: `token_type_ids` ends like `ids`. */
const ROLES: readonly (readonly [role: TokenRole, names: RegExp])[] = [
  ['types', /(^|[._/])(token_type_ids|segment_ids|input_type_ids)$/],
  ['positions', /(^|[._/])(position_ids|positions)$/],
  ['mask', /(^|[._/])(attention_mask|padding_mask|input_mask|mask)$/],
  ['ids', /(^|[._/])(input_ids|token_ids|input_word_ids|tokens|ids)$/],
];

/** Distinguishes tasks of one artifact: batches are shared by those with the same. */
export function textKey({ tokenizer, max_length, pooling, normalize, output }: TextSpec): string {
  return JSON.stringify([tokenizer, max_length, pooling, normalize, output ?? null]);
}

/**
 * Which input of the graph gets what of a text, by the inputs' names; an only input gets the token ids.
 * @throws 42804 when an input is none of those
 */
export function tokenInputs(inputs: readonly TensorSpec[]): {
  readonly roles: readonly TokenRole[];
  readonly length: number | null;
} {
  const roles = inputs.map((input) => {
    const name = input.name.toLowerCase().replace(/:\d+$/, '');
    const role =
      ROLES.find(([, names]) => names.test(name))?.[0] ?? (inputs.length === 1 ? 'ids' : undefined);
    if (role === undefined || input.shape.length !== 1) throw noTokenInput(input, inputs);
    return role;
  });
  if (!roles.includes('ids') || new Set(roles).size < roles.length) throw noTokenInput(inputs[0], inputs);
  const lengths = new Set(inputs.flatMap(({ shape }) => (typeof shape[0] === 'number' ? [shape[0]] : [])));
  if (lengths.size > 1) throw noTokenInput(inputs[0], inputs);
  const [length = null] = lengths;
  return { roles, length };
}

/** Whether an output has a vector for each token of a text. */
export function isPerToken(output: TensorSpec, length: number | null): boolean {
  const [tokens, width, ...rest] = output.shape;
  return tokens !== undefined && typeof width === 'number' && rest.length === 0 && tokens === length;
}

/** Outputs that hold a vector for each token, by the names that exporters give them, best first. */
const TOKEN_OUTPUTS = ['last_hidden_state', 'token_embeddings', 'hidden_states'];

/**
 * Chooses which output is served and how its vectors are pooled.
 * @throws 22023 when pooling is asked of an output without tokens, 0A000 when the outputs leave it open
 */
export function choosePooling(
  manifest: Manifest,
  length: number | null,
  wanted: Pooling | undefined,
): Pick<TextSpec, 'pooling' | 'output'> {
  const { outputs } = manifest;
  const perToken = outputs.filter((output) => isPerToken(output, length));
  const asOneVector = outputs.find(({ name }) => name === 'sentence_embedding');
  if (outputs.length > 1 && asOneVector !== undefined && wanted === undefined) {
    return { pooling: 'none', output: asOneVector.name };
  }
  const [only] = perToken;
  if (only === undefined) {
    if (wanted === undefined || wanted === 'none') return { pooling: 'none', output: undefined };
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: `pooling = '${wanted}' needs a vector for each token, which no output of the model has`,
      hint: `Its outputs are ${outputs.map(describeTensor).join(', ')}: leave pooling out.`,
    });
  }
  const known = TOKEN_OUTPUTS.flatMap((name) => perToken.filter((output) => output.name === name));
  const chosen = known[0] ?? (perToken.length === 1 ? only : undefined);
  if (chosen === undefined) {
    throw new SqlensError({
      sqlState: SqlState.featureNotSupported,
      message: `the model has ${perToken.length} outputs with a vector for each token: ${perToken.map(({ name }) => name).join(', ')}`,
      hint: "Choose one with OPTIONS (output = 'name').",
    });
  }
  return { pooling: wanted ?? 'mean', output: chosen.name };
}

export function describeTensor({ name, type, shape }: TensorSpec): string {
  return `${name} ${type}[${shape.map((size) => size ?? '?').join(', ')}]`;
}

function noTokenInput(input: TensorSpec | undefined, inputs: readonly TensorSpec[]): SqlensError {
  return new SqlensError({
    sqlState: SqlState.datatypeMismatch,
    message: `the model takes no text: ${input === undefined ? 'it has no input' : `its input ${describeTensor(input)} cannot be made of tokens`}`,
    hint: `A tokenizer feeds lists of numbers named input_ids, attention_mask, token_type_ids and position_ids; the inputs are ${inputs.map(describeTensor).join(', ')}.`,
  });
}
