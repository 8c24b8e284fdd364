import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { PixelBudget } from './budget.ts';

test('never more pixels in flight than the budget, whatever the order, and all is given back', async () => {
  const budget = new PixelBudget(100);
  let inFlight = 0;
  let most = 0;
  const costs = [60, 60, 30, 5, 100, 1, 250, 40, 40, 40];
  await Promise.all(
    costs.map((cost, index) =>
      budget
        .use(cost, async () => {
          inFlight += Math.min(cost, 100);
          most = Math.max(most, inFlight);
          await turn();
          inFlight -= Math.min(cost, 100);
          if (index % 3 === 0) throw new Error('a failed decode');
        })
        .catch(() => undefined),
    ),
  );
  assert.equal(most, 100);
  assert.equal(budget.free_pixels, 100);
});

test('a large image is not overtaken for ever by small ones', async () => {
  const budget = new PixelBudget(10);
  const order: string[] = [];
  const run = (name: string, cost: number) =>
    budget.use(cost, async () => {
      order.push(name);
      await turn();
    });
  await Promise.all([run('a', 6), run('large', 10), run('b', 1), run('c', 1)]);
  assert.deepEqual(order, ['a', 'large', 'b', 'c']);
});
