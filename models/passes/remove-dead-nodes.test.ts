import assert from 'node:assert/strict';
import { it } from 'node:test';
import { kinds, TestGraph } from '../testing/graphs.ts';
import { removeDeadNodes } from './remove-dead-nodes.ts';

it('keeps what outputs depend on, and inputs', () => {
  const g = new TestGraph();
  const x = g.input(4);
  const used = g.dense(x, 3);
  g.relu(g.dense(used, 2));
  assert.deepEqual(kinds(removeDeadNodes(g.finish(used))), ['input', 'dense']);
  assert.deepEqual(kinds(removeDeadNodes(g.finish(x))), ['input']);
});
