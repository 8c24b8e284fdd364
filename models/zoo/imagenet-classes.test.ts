import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { IMAGENET_CLASSES } from './imagenet-classes.ts';

test('the classes of ImageNet are those of the list that Keras downloads, byte for byte', () => {
  const entries = IMAGENET_CLASSES.map((entry, i) => `"${i}": ["${entry.class}", "${entry.description}"]`);
  // The digest stands beside the address of imagenet_class_index.json in Keras' imagenet_utils.
  const digest = createHash('md5')
    .update(`{${entries.join(', ')}}`)
    .digest('hex');
  assert.equal(digest, 'c2c37ea517e94d9795004a39431a14cb');
});
