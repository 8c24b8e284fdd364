/** Pre-tokenizers: how a normalized text is cut into words. Each as Hugging Face's own library has it. */
import { isObject, type JsonObject } from './json.ts';
import { type Behaviour, behaviourOf, patternOf, refused, splitText } from './pattern.ts';

export interface Word {
  readonly text: string;
  /** Stands at the very beginning of the text. */
  readonly isFirst: boolean;
}

export type PreTokenizer = (words: readonly Word[]) => readonly Word[];

const DEPTH_MAX = 16;

/** @throws ModelError for a pre-tokenizer that is not known */
export function preTokenizerOf(value: unknown, depth = 0): PreTokenizer {
  if (value === null || value === undefined) return (words) => words;
  if (!isObject(value) || depth > DEPTH_MAX) throw refused('its pre_tokenizer is damaged');
  switch (value.type) {
    case 'Sequence': {
      const list = Array.isArray(value.pretokenizers) ? value.pretokenizers : [];
      const all = list.map((one) => preTokenizerOf(one, depth + 1));
      return (words) => all.reduce((done, cut) => cut(done), words);
    }
    case 'BertPreTokenizer': {
      const onSpace = cutting(/\p{White_Space}/gu, 'removed');
      const onPunctuation = cutting(PUNCTUATION, 'isolated');
      return (words) => onPunctuation(onSpace(words));
    }
    case 'Whitespace':
      return cutting(
        /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]+|[^\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}\p{White_Space}]+/gu,
        'removed',
        true,
      );
    case 'WhitespaceSplit':
      return cutting(/\p{White_Space}/gu, 'removed');
    case 'Punctuation':
      return cutting(PUNCTUATION, behaviourOf(value.behavior, 'isolated'));
    case 'Digits':
      return cutting(/\p{N}/gu, value.individual_digits === true ? 'isolated' : 'contiguous');
    case 'CharDelimiterSplit':
      return cutting(patternOf({ String: value.delimiter }), 'removed');
    case 'Split':
      return cutting(
        patternOf(value.pattern),
        behaviourOf(value.behavior, 'isolated'),
        value.invert === true,
      );
    case 'ByteLevel':
      return byteLevel(value);
    case 'Metaspace':
      return metaspace(value);
    default:
      throw refused(`pre-tokenizers of type ${String(value.type)} are not supported`);
  }
}

const PUNCTUATION = /[\p{P}!-/:-@[-`{-~]/gu;

function cutting(pattern: RegExp | undefined, behaviour: Behaviour, invert = false): PreTokenizer {
  return (words) =>
    words.flatMap(({ text, isFirst }) => {
      const pieces = splitText(text, pattern, behaviour, invert);
      return pieces.map((piece, at) => ({
        text: piece,
        isFirst: isFirst && at === 0 && text.startsWith(piece),
      }));
    });
}

const GPT_WORDS =
  /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+/gu;

/** Each byte as a printable character: those that are printable themselves, the others from 256 on. */
const BYTE_CHARACTERS: readonly string[] = (() => {
  let others = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
    return String.fromCharCode(isPrintable ? byte : 256 + others++);
  });
})();

const encoder = new TextEncoder();

function byteLevel({ add_prefix_space, use_regex }: JsonObject): PreTokenizer {
  const cut = use_regex === false ? (words: readonly Word[]) => words : cutting(GPT_WORDS, 'isolated');
  const inBytes = (text: string): string => {
    let done = '';
    for (const byte of encoder.encode(text)) done += BYTE_CHARACTERS[byte] ?? '';
    return done;
  };
  return (words) => {
    const prefixed =
      add_prefix_space === false
        ? words
        : words.map((word) => (word.text.startsWith(' ') ? word : { ...word, text: ` ${word.text}` }));
    return cut(prefixed).map((word) => ({ ...word, text: inBytes(word.text) }));
  };
}

function metaspace(options: JsonObject): PreTokenizer {
  const replacement = typeof options.replacement === 'string' ? options.replacement : '▁';
  const legacy = options.add_prefix_space === false ? 'never' : 'always';
  const scheme = options.prepend_scheme ?? legacy;
  if (scheme !== 'always' && scheme !== 'first' && scheme !== 'never') {
    throw refused(`a Metaspace has the unknown prepend_scheme ${String(scheme)}`);
  }
  const cut =
    options.split === false
      ? (words: readonly Word[]) => words
      : cutting(patternOf({ String: replacement }), 'merged_with_next');
  return (words) =>
    cut(
      words.map(({ text, isFirst }) => {
        const spaced = text.replaceAll(' ', replacement);
        const prepends =
          !spaced.startsWith(replacement) && (scheme === 'always' || (scheme === 'first' && isFirst));
        return { text: prepends ? replacement + spaced : spaced, isFirst };
      }),
    );
}
