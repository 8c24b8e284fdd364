/** What a tokenizer puts around a text: [CLS] … [SEP], as its post-processor says. */
import { invalidFile, unsupportedPart } from '../model-error.ts';
import { isObject, type JsonObject } from './json.ts';

export interface SpecialToken {
  readonly id: number;
  readonly type: number;
}

export interface Surrounding {
  readonly before: readonly SpecialToken[];
  readonly after: readonly SpecialToken[];
  /** Token type of the text itself. */
  readonly type: number;
}

const BARE: Surrounding = { before: [], after: [], type: 0 };

/** @throws ModelError for a post-processor that is not known, or damaged */
export function surroundingOf(processor: unknown): Surrounding {
  if (processor === null || processor === undefined) return BARE;
  if (!isObject(processor)) throw invalidFile('the post_processor of the tokenizer is damaged');
  switch (processor.type) {
    // It moves offsets only.
    case 'ByteLevel':
      return BARE;
    case 'BertProcessing':
    case 'RobertaProcessing':
      return {
        before: [{ id: pairId(processor.cls), type: 0 }],
        after: [{ id: pairId(processor.sep), type: 0 }],
        type: 0,
      };
    case 'TemplateProcessing':
      return fromTemplate(processor);
    case 'Sequence': {
      const processors = Array.isArray(processor.processors) ? processor.processors : [];
      // Each goes around what the ones before it made.
      return processors.map(surroundingOf).reduce(
        (inner, outer) => ({
          before: [...outer.before, ...inner.before],
          after: [...inner.after, ...outer.after],
          type: outer === BARE ? inner.type : outer.type,
        }),
        BARE,
      );
    }
    default:
      throw unsupportedPart(
        'the tokenizer',
        `post-processors of type ${String(processor.type)} are not supported`,
        'Save the tokenizer with a TemplateProcessing.',
      );
  }
}

function fromTemplate({ single, special_tokens }: JsonObject): Surrounding {
  const before: SpecialToken[] = [];
  const after: SpecialToken[] = [];
  let type: number | undefined;
  for (const piece of Array.isArray(single) ? single : []) {
    if (!isObject(piece)) continue;
    if (isObject(piece.Sequence)) {
      if (type !== undefined) throw invalidFile('the template of the tokenizer repeats the text');
      type = wholeNumber(piece.Sequence.type_id);
    } else if (isObject(piece.SpecialToken)) {
      const { id: name, type_id } = piece.SpecialToken;
      const token = isObject(special_tokens) && typeof name === 'string' ? special_tokens[name] : undefined;
      const ids = isObject(token) && Array.isArray(token.ids) ? token.ids : undefined;
      if (ids === undefined)
        throw invalidFile(`the tokenizer's template names ${String(name)}, which it does not define`);
      const tokens = ids.map((id: unknown) => ({ id: wholeNumber(id), type: wholeNumber(type_id) }));
      (type === undefined ? before : after).push(...tokens);
    }
  }
  if (type === undefined) throw invalidFile('the template of the tokenizer has no place for the text');
  return { before, after, type };
}

/** `["[SEP]", 102]` */
function pairId(pair: unknown): number {
  return wholeNumber(Array.isArray(pair) ? pair[1] : undefined);
}

function wholeNumber(value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 31) return value;
  throw invalidFile('a token id in the post_processor of the tokenizer is damaged');
}
