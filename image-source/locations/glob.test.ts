import assert from 'node:assert/strict';
import { test } from 'node:test';
import picomatch from 'picomatch';
import { escapeGlob, Glob, hasMagic, splitPattern, unescapeGlob } from './glob.ts';

function matches(pattern: string, path: string): boolean {
  return new Glob(pattern).matches(path.split('/'));
}

test('matches as the words say', () => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['*.jpg', 'a.jpg', true],
    ['*.jpg', '.jpg', false],
    ['*.jpg', 'sub/a.jpg', false],
    ['**/*.jpg', 'a.jpg', true],
    ['**/*.jpg', 'x/y/z/a.jpg', true],
    ['**/*.jpg', 'x/.hidden/a.jpg', false],
    ['**', 'x/y.png', true],
    ['a?c', 'abc', true],
    ['a?c', 'a😀c', true],
    ['a?c', 'ac', false],
    ['[a-c]x', 'bx', true],
    ['[!a-c]x', 'bx', false],
    ['[]x]', ']', true],
    ['[a', '[a', true],
    ['{cat,dog}/*.{jpg,png}', 'dog/x.png', true],
    ['{cat,dog}/*.{jpg,png}', 'bird/x.png', false],
    ['{a/b,c}/x', 'a/b/x', true],
    ['{a,{b,c}d}', 'cd', true],
    ['x{a}', 'x{a}', true],
    ['label=*/x', "label=potter's_wheel/x", true],
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a/**/b', 'a/b', true],
    ['a/**/b/**/c', 'a/x/b/y/z/c', true],
    ['.*', '.x', true],
  ];
  for (const [pattern, path, expected] of cases)
    assert.equal(matches(pattern, path), expected, `${pattern} ${path}`);
});

/** A small generator of its own (mulberry32), so that the cases are the same everywhere. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

test('agrees with picomatch on random patterns and paths', () => {
  const seed = 20261122;
  const next = random(seed);
  const pick = (choices: readonly string[]) => choices[Math.floor(next() * choices.length)] ?? '';
  const PIECES = ['a', 'b', 'c', '*', '?', '[ab]', '[^b]', '{a,bc}', '.x', 'ab'];
  let positive = 0;
  for (let round = 0; round < 4_000; round++) {
    const segments = Array.from({ length: 1 + Math.floor(next() * 3) }, () =>
      next() < 0.2 ? '**' : Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(PIECES)).join(''),
    );
    // A folder that a trailing globstar matches by itself is no file: picomatch's own special case.
    const pattern = segments
      .join('/')
      .replace(/(?:\*\*\/)+\*\*/g, '**')
      .replace(/\*{3,}/g, '**');
    if (pattern.split('/').some((segment) => segment.includes('**') && segment !== '**')) continue;
    const path = Array.from({ length: 1 + Math.floor(next() * 3) }, () =>
      Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(['a', 'b', 'c'])).join(''),
    ).join('/');
    if (pattern.endsWith('/**') && picomatch(pattern.slice(0, -3))(path)) continue;
    const expected = picomatch(pattern, { noextglob: true, nonegate: true })(path);
    assert.equal(matches(pattern, path), expected, `seed ${seed}: ${pattern} on ${path}`);
    if (expected) positive++;
  }
  assert.ok(positive > 200, `only ${positive} of the cases match`);
});

test('a pattern made to explode is matched at once', () => {
  const name = 'a'.repeat(1_000);
  assert.equal(matches(`${'*a'.repeat(400)}*b`, name), false);
  assert.equal(matches(`${'**/a/'.repeat(150)}b`, Array(500).fill('a').join('/')), false);
});

test('too many alternatives are refused', () => {
  assert.throws(() => new Glob('{a,b}'.repeat(12)), { sqlState: '22023' });
  assert.throws(() => new Glob('a'.repeat(3_000)), { sqlState: '22023' });
});

test('a pattern is split into the folder to list and what to match', () => {
  assert.deepEqual(splitPattern('/data/a\\*b/label=*/x.jpg'), {
    base: ['data', 'a*b'],
    rest: 'label=*/x.jpg',
    literalPrefix: 'label=',
    endsOpen: false,
  });
  assert.deepEqual(splitPattern('x/**'), { base: ['x'], rest: '**', literalPrefix: '', endsOpen: true });
  assert.equal(splitPattern('p/ph\\[o{a,b}').literalPrefix, 'ph[o');
});

test('escaping makes any name mean itself', () => {
  for (const name of ['a*b?c[d]{e,f}\\g', '[!x]', '**', '{}']) {
    assert.equal(hasMagic(escapeGlob(name)), false);
    assert.equal(unescapeGlob(escapeGlob(name)), name);
    assert.equal(matches(escapeGlob(name), name), true);
  }
});
