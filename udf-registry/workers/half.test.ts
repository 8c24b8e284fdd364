import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromHalfBits, toHalfBits } from './half.ts';

test('every half survives the way to a number and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = fromHalfBits(bits);
    if (Number.isNaN(value)) assert.ok(Number.isNaN(fromHalfBits(toHalfBits(value))));
    else assert.equal(toHalfBits(value), bits, `${bits.toString(16)} is ${value}`);
  }
});

test('known values', () => {
  const known: [number, number][] = [
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x0400, 2 ** -14],
    [0x0001, 2 ** -24],
    [0x3555, 0.333251953125],
    [0x7c00, Infinity],
  ];
  for (const [bits, value] of known) assert.equal(fromHalfBits(bits), value);
  assert.equal(toHalfBits(1 / 3), 0x3555);
  assert.equal(toHalfBits(65520), 0x7c00);
  assert.equal(toHalfBits(65519), 0x7bff);
  assert.equal(toHalfBits(2 ** -25), 0);
  assert.equal(toHalfBits(2 ** -30), 0);
});

test('numbers between two halves go to the nearer one, from the middle to the even one', () => {
  for (let bits = 0; bits < 0x7bff; bits++) {
    const low = fromHalfBits(bits);
    const step = fromHalfBits(bits + 1) - low;
    assert.equal(toHalfBits(low + step * 0.5), bits % 2 === 0 ? bits : bits + 1);
    assert.equal(toHalfBits(low + step * 0.499), bits);
    assert.equal(toHalfBits(low + step * 0.501), bits + 1);
  }
});
