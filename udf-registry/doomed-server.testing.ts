/** A server for a test to kill: one of its workers sits in a graph that never ends, the other is idle. */

import { faultyInference, fixtureTask, numbers, tensorSpec } from './inference.testing.ts';

const inference = faultyInference();
const endless = fixtureTask('endless', {
  inputs: [tensorSpec('x', [1])],
  outputs: [tensorSpec('y', [1])],
});

void inference.submit(endless, [numbers(2e6)], {
  queryId: 'endless',
  signal: new AbortController().signal,
  onAnswer: () => undefined,
});

const timer = setInterval(() => {
  const { workers } = inference.stats();
  const isRunning =
    workers.some(({ state }) => state === 'busy') && workers.some(({ state }) => state === 'ready');
  if (!isRunning) return;
  clearInterval(timer);
  process.send?.(workers.map(({ pid }) => pid));
}, 50);
