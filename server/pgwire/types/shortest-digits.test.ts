import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { putShortest, SHORTEST_BYTES } from './shortest-digits.ts';

const SEED = 20_261_122;
const buffer = Buffer.alloc(SHORTEST_BYTES);

/** JavaScript's own digits are the shortest, and laid out the same in this range. @returns whether it could tell */
function check(value: number): boolean {
  const end = putShortest(value, buffer, 0);
  if (end === 0) return false;
  const text = buffer.toString('latin1', 0, end);
  if (text !== String(value)) assert.equal(text, String(value));
  return true;
}

describe(`shortest digits (seed ${SEED})`, () => {
  let state = SEED;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  const bits = new DataView(new ArrayBuffer(8));

  it('of random doubles of every exponent', () => {
    let told = 0;
    let count = 0;
    for (let round = 0; round < 300_000; round++) {
      bits.setUint32(0, ((1023 - 13 + Math.floor(random() * 62)) << 20) | Math.floor(random() * 2 ** 20));
      bits.setUint32(4, Math.floor(random() * 2 ** 32));
      const value = bits.getFloat64(0);
      if (value < 1e-4 || value >= 1e15 || Number.isInteger(value)) continue;
      count++;
      if (check(value)) told++;
    }
    assert.ok(told > count * 0.99, `${told} of ${count}`);
  });

  it('of decimals of every length, and of their neighbours', () => {
    let told = 0;
    for (let round = 0; round < 200_000; round++) {
      const places = 1 + Math.floor(random() * 15);
      const value = Number((random() * 10 ** Math.floor(random() * 12)).toFixed(places));
      if (value < 1e-4 || Number.isInteger(value)) continue;
      bits.setFloat64(0, value);
      bits.setUint32(4, bits.getUint32(4) ^ 1);
      for (const each of [value, bits.getFloat64(0)]) if (!Number.isInteger(each) && check(each)) told++;
    }
    assert.ok(told > 300_000, `${told}`);
  });

  it('at the edges of the range and of powers of ten and two', () => {
    for (let exponent = -4; exponent < 15; exponent++) {
      for (const factor of [1, 1.1, 9.999999999999998, 2, 5, 9.5]) {
        bits.setFloat64(0, factor * 10 ** exponent);
        const low = bits.getUint32(4);
        for (const step of [-2, -1, 0, 1, 2]) {
          bits.setUint32(4, low + step);
          const value = bits.getFloat64(0);
          if (value >= 1e-4 && value < 1e15 && !Number.isInteger(value)) check(value);
        }
      }
    }
    for (let exponent = -13; exponent < 0; exponent++) assert.equal(check(2 ** exponent), false);
  });
});
