import path from 'node:path';
import { invalidUri } from './errors.ts';
import { escapeGlob } from './glob.ts';

/**
 * The two spellings of a local file: a plain path (every character as it is, relative to the working directory) and
 * a `file:` URI (percent-encoded). Inside, and in answers' keys, only the URI in one canonical form is used.
 */

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const FILE_URI = /^file:(?:\/\/(?:localhost)?(?=\/)|(?=\/(?!\/)))/i;

/** A plain path or a `file:` URI, also in Java's spelling `file:/path`. */
export function isFileText(text: string): boolean {
  return /^file:/i.test(text) || !SCHEME.test(text);
}

function decodePercent(text: string, encoded: string): string {
  let decoded: string;
  try {
    decoded = decodeURIComponent(encoded);
  } catch {
    throw invalidUri(`"${text}" is not a valid file URI`, 'Write a literal % as %25, or use a plain path.');
  }
  // An encoded slash would move the object into another folder than the one that was checked or displayed.
  if (decoded.includes('/'))
    throw invalidUri(`"${text}" contains an encoded slash`, 'Write the path with plain slashes.');
  return decoded;
}

function uriPath(text: string): string | undefined {
  const prefix = FILE_URI.exec(text);
  if (prefix !== null) return text.slice(prefix[0].length);
  if (!/^file:/i.test(text)) return undefined;
  throw invalidUri(
    `"${text}" names a file on another host`,
    'Write file:///folder/name, with three slashes.',
  );
}

function absolute(text: string, plain: string): string {
  if (plain === '') throw invalidUri('the path is empty', 'Give a file, a folder or a pattern.');
  if (plain.includes('\0')) throw invalidUri('the path contains a NUL byte', 'Remove it.');
  // A lone surrogate has no bytes in UTF-8; the file system would see another name.
  if (/\p{Surrogate}/u.test(plain)) throw invalidUri(`"${text}" is not valid Unicode`, 'Correct the path.');
  return path.resolve(plain);
}

/** The absolute path that a plain path or `file:` URI names; `..` is resolved by the text, symbolic links are not. */
export function pathOf(text: string): string {
  const encoded = uriPath(text);
  if (encoded === undefined) return absolute(text, text);
  const segments = encoded.split('/').map((segment) => decodePercent(text, segment));
  return absolute(text, segments.join('/'));
}

/**
 * The absolute pattern that a plain path or `file:` URI means, with backslashes before characters that mean
 * themselves: in a URI those are the percent-encoded ones.
 */
export function patternOf(text: string): string {
  const encoded = uriPath(text);
  if (encoded === undefined) return absolute(text, text);
  const decoded = encoded.replace(/(?:%[0-9a-f]{2})+|%/gi, (run) => escapeGlob(decodePercent(text, run)));
  return absolute(text, decoded);
}

/** One folder or file name in a URI: what RFC 3986 allows stays readable, what a glob interprets is encoded. */
export function encodeName(name: string): string {
  return encodeURIComponent(name)
    .replace(/%(?:3D|40|3A|2B|2C|3B|24|26)/g, decodeURIComponent)
    .replaceAll('*', '%2A');
}

export function fileUri(absolutePath: string): string {
  return `file://${absolutePath.split('/').map(encodeName).join('/')}`;
}

/** A pattern as a URI: glob characters stay, those that mean themselves and everything else are encoded. */
export function patternUri(pattern: string): string {
  const encoded = pattern.replace(
    /\\([*?[\]{},\\!^-])|[\s\S]/gu,
    (character, escaped: string | undefined) => {
      if (escaped !== undefined) return encodeAny(escaped);
      return '*?[]{},!^/'.includes(character) ? character : encodeName(character);
    },
  );
  return `file://${encoded}`;
}

function encodeAny(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x80 ? `%${code.toString(16).toUpperCase().padStart(2, '0')}` : encodeURIComponent(character);
}
