/** Arrays of random types, lengths and values, from a seed. */
import type { TypeCases } from './cases.ts';

/** Numbers in [0, 1) by the xorshift of Marsaglia's paper. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const letters = ['a', 'B', '"', '\\', '{', '}', ',', ' ', "'", 'NULL', 'ü', '漢', '😀', '\n', '\t', '0', ';'];

export function randomArrays(seed: number, count: number): TypeCases[] {
  const random = randomFrom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const digits = (length: number): string => Array.from({ length }, () => below(10)).join('');
  const sign = (): string => (random() < 0.5 ? '-' : '');
  const two = (value: number): string => String(value).padStart(2, '0');
  const date = (): string =>
    `${1 + below(9999)}`.padStart(4, '0').concat(`-${two(1 + below(12))}-${two(1 + below(28))}`);
  const time = (): string => `${two(below(24))}:${two(below(60))}:${two(below(60))}.${digits(1 + below(6))}`;
  const makers: Readonly<Record<string, () => string>> = {
    bool: () => (random() < 0.5 ? 't' : 'f'),
    int2: () => String(below(65_536) - 32_768),
    int4: () => String(below(2 ** 32) - 2 ** 31),
    int8: () => `${sign()}${digits(1 + below(18))}`,
    float4: () => `${sign()}${digits(1 + below(7))}e${below(60) - 35}`,
    float8: () => `${sign()}${below(10)}.${digits(1 + below(17))}e${below(600) - 300}`,
    'numeric(38,12)': () => `${sign()}${digits(1 + below(26))}.${digits(1 + below(12))}`,
    text: () => Array.from({ length: below(8) }, () => letters[below(letters.length)]).join(''),
    bytea: () => `\\x${Array.from({ length: below(9) }, () => two(below(100))).join('')}`,
    date,
    time,
    timestamp: () => `${date()} ${time()}`,
    timestamptz: () => `${date()} ${time()}+${two(below(14))}`,
    interval: () => `${sign()}${below(3000)} months ${sign()}${below(9999)} days ${sign()}${time()}`,
    uuid: () => Array.from({ length: 32 }, () => below(16).toString(16)).join(''),
  };
  const names = Object.keys(makers);
  return Array.from({ length: count }, () => {
    const name = names[below(names.length)] ?? 'text';
    const make = makers[name] ?? String;
    const lengths = Array.from({ length: 1 + below(3) }, () => 1 + below(4));
    const element = (): string => (random() < 0.2 ? 'NULL' : `"${make().replace(/["\\]/g, '\\$&')}"`);
    const level = (depth: number): string => {
      const items = Array.from({ length: lengths[depth] ?? 0 }, () =>
        depth === lengths.length - 1 ? element() : level(depth + 1),
      );
      return `{${items.join(',')}}`;
    };
    return { type: `${name}${'[]'.repeat(lengths.length)}`, values: [level(0)] };
  });
}
