import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMED_MODELS } from '../catalog.ts';
import { compareWithKeras } from './compare.ts';
import { LARGEST_DIFFERENCE, LEAST_SWAP } from './tolerance.ts';

const FLOAT_BYTES = 4;
const LARGEST_BYTES = 30_000_000;

// `npm run check:zoo` compares all.
const small = NAMED_MODELS.filter(({ parameterCount }) => parameterCount * FLOAT_BYTES < LARGEST_BYTES);

describe('small models of keras.applications answer seeded images as Keras does', () => {
  it('there are some', () => assert.ok(small.length >= 7));
  for (const { name } of small) {
    it(name, async () => {
      const { difference, swap } = await compareWithKeras(name);
      assert.ok(difference <= LARGEST_DIFFERENCE, `differs by ${difference} of the deviation`);
      assert.ok(swap >= LEAST_SWAP, `exchanging the images moves the logits by ${swap} only`);
    });
  }
});
