/** Normalizers: what a tokenizer makes of a text before it cuts it. Each as Hugging Face's own library has it. */

import { tooLarge } from '../model-error.ts';
import { lowercase, trimEnd, trimStart } from './characters.ts';
import { charsmapNormalizer } from './charsmap.ts';
import { isObject, type JsonObject } from './json.ts';
import { patternOf, refused } from './pattern.ts';

export type Normalizer = (text: string) => string;

const DEPTH_MAX = 16;
/** Replacements that each double a text come to this soon; a tokenizer would take minutes over more. */
const TEXT_CHARS_MAX = 2 ** 22;

/** @throws ModelError for a normalizer that is not known */
export function normalizerOf(value: unknown, depth = 0): Normalizer {
  if (value === null || value === undefined) return (text) => text;
  if (!isObject(value) || depth > DEPTH_MAX) throw refused('its normalizer is damaged');
  switch (value.type) {
    case 'Sequence': {
      const list = Array.isArray(value.normalizers) ? value.normalizers : [];
      const all = list.map((one) => normalizerOf(one, depth + 1));
      return (text) => all.reduce((done, normalize) => normalize(done), text);
    }
    case 'BertNormalizer':
      return bertNormalizer(value);
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = value.type;
      return (text) => text.normalize(form);
    }
    case 'Nmt':
      return nmt;
    case 'Lowercase':
      return lowercase;
    case 'Strip': {
      const { strip_left, strip_right } = value;
      return (text) => {
        const rest = strip_left === true ? trimStart(text) : text;
        return strip_right === true ? trimEnd(rest) : rest;
      };
    }
    case 'StripAccents':
      return (text) => text.replace(/\p{M}/gu, '');
    case 'Replace': {
      const pattern = patternOf(value.pattern);
      const content = String(value.content ?? '');
      return (text) => {
        if (pattern === undefined) return text;
        let length = text.length;
        return text.replace(pattern, () => {
          length += content.length;
          if (length > TEXT_CHARS_MAX) throw tooLarge('a text grows without end in its normalizer');
          return content;
        });
      };
    }
    case 'Prepend': {
      const prefix = String(value.prepend ?? '');
      return (text) => (text === '' ? text : prefix + text);
    }
    case 'Precompiled':
      return charsmapNormalizer(value.precompiled_charsmap);
    default:
      throw refused(`normalizers of type ${String(value.type)} are not supported`);
  }
}

const CHINESE =
  /[\u4E00-\u9FFF\u3400-\u4DBF\u{20000}-\u{2A6DF}\u{2A700}-\u{2B73F}\u{2B740}-\u{2B81F}\u{2B920}-\u{2CEAF}\uF900-\uFAFF\u{2F800}-\u{2FA1F}]/gu;

function bertNormalizer(options: JsonObject): Normalizer {
  const lowers = options.lowercase !== false;
  const strips = typeof options.strip_accents === 'boolean' ? options.strip_accents : lowers;
  return (text) => {
    let done = text;
    if (options.clean_text !== false) {
      done = done
        .replace(/\uFFFD|(?![\t\n\r])[\p{Cc}\p{Cf}\p{Co}\p{Cs}]/gu, '')
        .replace(/\p{White_Space}/gu, ' ');
    }
    if (options.handle_chinese_chars !== false) done = done.replace(CHINESE, ' $& ');
    if (strips) done = done.normalize('NFD').replace(/\p{Mn}/gu, '');
    return lowers ? lowercase(done) : done;
  };
}

/** Control characters but NUL, spaces, and of the second block all but two. */
const DROPPED_CONTROLS = /[^\P{Cc}\0\u0080-\u008E\u0090-\u009E\p{White_Space}]|\v/gu;

/** Of neural machine translation: control characters go, odd spaces become plain ones. */
function nmt(text: string): string {
  return text
    .replace(DROPPED_CONTROLS, '')
    .replace(/[\t\n\f\r\u1680\u200B-\u200F\u2028\u2029\u2581\uFEFF\uFFFD]/g, ' ');
}
