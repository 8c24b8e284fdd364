import assert from 'node:assert/strict';
import test from 'node:test';
import { startApp } from './testing/app.ts';
import { someMetrics } from './testing/fake-backend.ts';

interface Exposition {
  readonly types: ReadonlyMap<string, string>;
  /** Values by series as written, labels sorted. */
  readonly samples: ReadonlyMap<string, number>;
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\.)*",?)*)\})? (\S+)$/;

/** Reads the text format strictly (prometheus.io, Exposition formats): anything else throws. */
function readExposition(text: string): Exposition {
  const types = new Map<string, string>();
  const samples = new Map<string, number>();
  assert.ok(text.endsWith('\n'));
  for (const line of text.split('\n')) {
    if (line === '' || line.startsWith('# HELP ')) continue;
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (type !== null) {
      const [, name = '', kind = ''] = type;
      assert.ok(!types.has(name), `${name} is declared twice`);
      types.set(name, kind);
      continue;
    }
    const sample = SAMPLE.exec(line);
    assert.ok(sample !== null, `not a sample: ${line}`);
    const [, name = '', labels = '', value = ''] = sample;
    const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
    assert.ok(!Number.isNaN(number) || value === 'Nan', line);
    const key = labels === '' ? name : `${name}{${labels.split(',').filter(Boolean).sort().join(',')}}`;
    assert.ok(!samples.has(key), `${key} comes twice`);
    samples.set(key, number);
  }
  return { types, samples };
}

const digest = 'ab'.repeat(32);
const model = (name: string) => `${name}{model="${digest}",task="model"}`;

test('a scrape gives the numbers of the backend in the text format', async (t) => {
  const { app } = await startApp(t);
  const response = await app.inject('/metrics');
  assert.equal(response.statusCode, 200);
  assert.match(`${response.headers['content-type']}`, /^text\/plain; version=0\.0\.4/);
  const { types, samples } = readExposition(response.body);
  const expected: [string, number][] = [
    [model('sqlens_inputs_inferred_total'), 100],
    [model('sqlens_inputs_failed_total'), 3],
    [model('sqlens_batches_total'), 25],
    [model('sqlens_inference_seconds_total'), 4.5],
    [model('sqlens_prepare_seconds_total'), 0.5],
    // The sizes of thumbnails are no series of their own.
    ['sqlens_inputs_inferred_total{model="",task="image_thumbnail"}', 12],
    ['sqlens_prepare_seconds_total{model="",task="image_thumbnail"}', 0.5],
    ['sqlens_workers{state="busy"}', 1],
    ['sqlens_workers{state="ready"}', 1],
    ['sqlens_workers{state="starting"}', 0],
    ['sqlens_workers{state="draining"}', 0],
    ['sqlens_worker_restarts_total', 3],
    ['sqlens_worker_resident_memory_bytes{slot="0"}', 300_000_000],
    ['sqlens_inputs_waiting', 12],
    ['sqlens_batches_to_retry', 0],
    ['sqlens_models_quarantined', 1],
    ['sqlens_submissions', 1],
    ['sqlens_queries_running', 1],
    ['sqlens_queries_finished_total', 41],
    ['sqlens_queries_failed_total', 2],
    ['sqlens_passes_total', 83],
    ['sqlens_inference_errors_total', 3],
    ['sqlens_connections', 4],
    ['sqlens_answers', 97],
    ['sqlens_answers_bytes', 12_345],
  ];
  for (const [series, value] of expected) assert.equal(samples.get(series), value, series);
  for (const [name, type] of types) {
    if (!name.startsWith('sqlens_')) continue;
    assert.equal(name.endsWith('_total'), type === 'counter', `${name} is a ${type}`);
  }
  assert.ok((samples.get('process_resident_memory_bytes') ?? 0) > 1_000_000);
});

test('the next scrape shows what changed, and forgets a worker that is gone', async (t) => {
  const { app, backend } = await startApp(t);
  const first = readExposition((await app.inject('/metrics')).body);
  backend.snapshot = {
    ...someMetrics,
    workers: [{ slot: 1, state: 'starting', restarts: 4, rss_bytes: 0 }],
    queries: { running: 0, finished: 42, failed: 2 },
  };
  const second = readExposition((await app.inject('/metrics')).body);
  assert.equal(second.samples.get('sqlens_queries_finished_total'), 42);
  assert.equal(second.samples.get('sqlens_worker_restarts_total'), 4);
  assert.equal(second.samples.get('sqlens_workers{state="ready"}'), 0);
  assert.equal(second.samples.has('sqlens_worker_resident_memory_bytes{slot="0"}'), false);
  assert.equal(
    second.samples.get(model('sqlens_batches_total')),
    first.samples.get(model('sqlens_batches_total')),
  );
});

test('requests are counted by route and status, never by URL', async (t) => {
  const { app } = await startApp(t);
  for (const name of ['a', 'b', 'moderate']) await app.inject(`/v1/models/${name}`);
  for (let i = 0; i < 3; i++) await app.inject(`/nowhere/${i}`);
  const { samples } = readExposition((await app.inject('/metrics')).body);
  const count = (route: string, status: number) =>
    samples.get(
      `sqlens_http_request_duration_seconds_count{method="GET",route="${route}",status="${status}"}`,
    );
  assert.equal(count('/v1/models/:name', 404), 2);
  assert.equal(count('/v1/models/:name', 200), 1);
  assert.equal(count('unknown', 404), 3);
});
