/** Fetches a model's weights in a process of its own, to be killed. For tests alone. */
import type { NamedModel } from '../../models/zoo/catalog.ts';
import { TEST_LIMITS } from './weights-server.testing.ts';
import { WeightsStore } from './weights-store.ts';

const [folder = '', text = ''] = process.argv.slice(2);
const model: NamedModel = JSON.parse(text);
const signal = new AbortController().signal;
await new WeightsStore(folder, { ...TEST_LIMITS, idle_ms: 60_000 }).ensure(model, model.weights.top, {
  signal,
  onProgress: () => undefined,
});
