/**
 * SentencePiece's normalization, which its files carry as a table: a double-array trie of byte strings, and behind it
 * what stands for each.
 */
import { refused } from './pattern.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Longer clusters are looked up character by character. */
const CLUSTER_BYTES_MAX = 5;

/** @param value the table, in base64 */
export function charsmapNormalizer(value: unknown): (text: string) => string {
  if (typeof value !== 'string' || value === '') return (text) => text;
  const bytes = Uint8Array.from(Buffer.from(value, 'base64'));
  const trieLength = bytes.length < 4 ? -1 : new DataView(bytes.buffer).getUint32(0, true);
  if (trieLength < 4 || trieLength % 4 !== 0 || 4 + trieLength > bytes.length) {
    throw refused('its precompiled_charsmap is damaged');
  }
  const view = new DataView(bytes.buffer, 4, trieLength);
  const trie = Uint32Array.from({ length: trieLength / 4 }, (_, i) => view.getUint32(4 * i, true));
  const replacements = bytes.subarray(4 + trieLength);
  const known = new Map<string, string | undefined>();
  const segmenter = new Intl.Segmenter('en', { granularity: 'grapheme' });

  const lookUp = (chunk: string): string | undefined => {
    if (known.has(chunk)) return known.get(chunk);
    const found = shortestMatch(trie, encoder.encode(chunk));
    let text: string | undefined;
    if (found !== undefined) {
      const end = replacements.indexOf(0, found);
      text = decoder.decode(replacements.subarray(found, end < 0 ? replacements.length : end));
    }
    if (known.size < 100_000) known.set(chunk, text);
    return text;
  };
  const mapClusters = (text: string): string => {
    let done = '';
    for (const { segment } of segmenter.segment(text)) {
      const whole = encoder.encode(segment).length <= CLUSTER_BYTES_MAX ? lookUp(segment) : undefined;
      if (whole !== undefined) done += whole;
      else for (const character of segment) done += lookUp(character) ?? character;
    }
    return done;
  };
  return (text) => {
    let done = '';
    // Finding clusters takes 20 µs a character: only what may be part of one goes there, with its neighbours.
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      if (!(standsAlone(text, at) && standsAlone(text, at - 1) && standsAlone(text, at + 1))) continue;
      if (at > from) done += mapClusters(text.slice(from, at));
      const character = text[at] ?? '';
      done += lookUp(character) ?? character;
      from = at + 1;
    }
    return from < text.length ? done + mapClusters(text.slice(from)) : done;
  };
}

/** Characters that join no other to a cluster, and the text's ends: Latin letters and Chinese ones. */
function standsAlone(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return Number.isNaN(code) || (code < 0x300 && code !== 13) || (code >= 0x4e00 && code <= 0x9fff);
}

/** Where the replacement of the shortest known prefix stands. */
function shortestMatch(trie: Uint32Array, key: Uint8Array): number | undefined {
  let at = offsetOf(trie[0] ?? 0);
  for (const byte of key) {
    if (byte === 0) return undefined;
    at ^= byte;
    const unit = trie[at] ?? 0;
    if ((unit & 0x800000ff) >>> 0 !== byte) return undefined;
    at ^= offsetOf(unit);
    if (((unit >>> 8) & 1) === 1) return (trie[at] ?? 0) & 0x7fffffff;
  }
  return undefined;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}
