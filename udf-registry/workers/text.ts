/** Texts through a graph of token ids: tokens in, padded to one length, and the vectors of a text's tokens pooled. */
import type { Tensor } from 'onnxruntime-node';
import { SqlensError, SqlState, unreachable } from '../../common/errors.ts';
import type { Tokenizer, Tokens } from '../../models/text/tokenizer.ts';
import type { Pooling, TextTask, TokenRole } from '../text-model.ts';
import { toTensor } from './feeds.ts';
import type { LoadedModel } from './sessions.ts';

/** Texts that run together. */
export interface TextGroup {
  /** Positions within the batch. */
  readonly rows: readonly number[];
  readonly tokens: readonly Tokens[];
  /** Tokens that each is padded to. */
  readonly length: number;
}

/**
 * Groups texts whose padding costs little: none is padded to more than twice its length. Without a mask padding would
 * change what the graph says, so only texts of one length run together.
 */
export function groupTexts(
  tokens: ReadonlyMap<number, Tokens>,
  text: TextTask,
  rows_max: number,
): TextGroup[] {
  const longestFirst = [...tokens].sort(([, a], [, b]) => b.ids.length - a.ids.length);
  const masked = text.roles.includes('mask');
  const groups: { rows: number[]; tokens: Tokens[]; length: number }[] = [];
  for (const [row, one] of longestFirst) {
    const length = text.length ?? one.ids.length;
    const group = groups.at(-1);
    const fits =
      group !== undefined &&
      group.rows.length < rows_max &&
      (length === group.length || (masked && length * 2 >= group.length));
    if (fits) {
      group.rows.push(row);
      group.tokens.push(one);
    } else {
      groups.push({ rows: [row], tokens: [one], length });
    }
  }
  return groups;
}

/** @throws SqlensError when the text has no tokens at all, and the graph takes none */
export function tokensOf(tokenizer: Tokenizer, content: string, text: TextTask): Tokens {
  const tokens = tokenizer.encode(content, text.max_length);
  if (tokens.ids.length > 0 || text.length !== null) return tokens;
  throw new SqlensError({
    sqlState: SqlState.dataException,
    message: 'the text has no tokens',
    hint: 'Its tokenizer makes nothing of it: leave such rows out.',
  });
}

/**
 * What each input of the graph gets, row by row.
 * @param batch rows that the graph gets; those beyond the given ones are padding
 */
export function textFeeds(
  { tokens, length }: TextGroup,
  roles: readonly TokenRole[],
  { padding: { id, type, left } }: Tokenizer,
  batch: number,
): Int32Array[] {
  return roles.map((role) => {
    const values = new Int32Array(batch * length).fill(role === 'ids' ? id : role === 'types' ? type : 0);
    tokens.forEach(({ ids, types }, row) => {
      const start = row * length + (left ? length - ids.length : 0);
      switch (role) {
        case 'ids':
          values.set(ids, start);
          break;
        case 'types':
          values.set(types, start);
          break;
        case 'mask':
          values.fill(1, start, start + ids.length);
          break;
        case 'positions':
          for (let i = 0; i < ids.length; i++) values[start + i] = i;
          break;
        default:
          unreachable(role);
      }
    });
    return values;
  });
}

/** The same as tensors, by the inputs' names. */
export function feedTexts(
  model: LoadedModel,
  group: TextGroup,
  { roles }: TextTask,
  tokenizer: Tokenizer,
  batch: number,
): Record<string, Tensor> {
  const values = textFeeds(group, roles, tokenizer, batch);
  return Object.fromEntries(
    model.spec.inputs.map((spec, at) => [
      spec.name,
      toTensor(spec, values[at] ?? new Int32Array(), [batch, group.length]),
    ]),
  );
}

/**
 * One text's share of an output.
 * @param values its numbers: a vector, or one for each token, padding included
 * @param width numbers of a token's vector; undefined when the output has no tokens
 * @param first where its first token stands, and how many there are
 */
export function poolText(
  values: Float32Array,
  width: number | undefined,
  first: number,
  count: number,
  { pooling, normalize }: Pick<TextTask, 'pooling' | 'normalize'>,
): Float32Array {
  const pooled =
    width === undefined ? values.slice() : pool(values.subarray(first * width), width, count, pooling);
  if (normalize) {
    const size = width ?? pooled.length;
    for (let at = 0; at < pooled.length; at += size) toUnitLength(pooled.subarray(at, at + size));
  }
  return pooled;
}

/** Sums are kept in doubles: float32 loses digits over hundreds of tokens. */
function pool(vectors: Float32Array, width: number, count: number, pooling: Pooling): Float32Array {
  switch (pooling) {
    case 'none':
      return vectors.slice(0, count * width);
    case 'cls':
      return vectors.slice(0, width);
    case 'max': {
      const best = new Float32Array(width).fill(count === 0 ? 0 : Number.NEGATIVE_INFINITY);
      for (let token = 0; token < count; token++) {
        for (let i = 0; i < width; i++) best[i] = Math.max(best[i] ?? 0, vectors[token * width + i] ?? 0);
      }
      return best;
    }
    case 'mean': {
      const sums = new Float64Array(width);
      for (let token = 0; token < count; token++) {
        for (let i = 0; i < width; i++) sums[i] = (sums[i] ?? 0) + (vectors[token * width + i] ?? 0);
      }
      return Float32Array.from(sums, (sum) => sum / Math.max(1, count));
    }
    default:
      return unreachable(pooling);
  }
}

function toUnitLength(vector: Float32Array): void {
  let sum = 0;
  for (const value of vector) sum += value * value;
  const length = Math.max(Math.sqrt(sum), 1e-12);
  for (let i = 0; i < vector.length; i++) vector[i] = (vector[i] ?? 0) / length;
}
