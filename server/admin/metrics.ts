/**
 * What Prometheus sees. Totals live where they are counted; a scrape copies them from one snapshot, so that the
 * numbers of one scrape belong together. Only HTTP requests are counted here.
 */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { MetricsSnapshot, TaskMetrics } from './api.ts';

/** Always shown, so that an alert on "no worker is ready" has a series to look at. */
const WORKER_STATES = ['starting', 'ready', 'busy', 'draining'] as const;

type TaskTotals = Omit<TaskMetrics, 'task' | 'digest'>;

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Histogram<'method' | 'route' | 'status'>;
  readonly #copiers: ((snapshot: MetricsSnapshot) => void)[] = [];

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Histogram({
      name: 'sqlens_http_request_duration_seconds',
      help: 'HTTP requests by route and status',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers: [this.#registry],
    });
    this.#taskCounter(
      'sqlens_inputs_inferred_total',
      'Inputs with an answer, failed ones too',
      (t) => t.inputs,
    );
    this.#taskCounter('sqlens_inputs_failed_total', 'Inputs that failed', (t) => t.failed);
    this.#taskCounter('sqlens_batches_total', 'Batches that workers finished', (t) => t.batches);
    this.#taskCounter('sqlens_inference_seconds_total', 'Time inside models', (t) => t.inferring_s);
    this.#taskCounter(
      'sqlens_prepare_seconds_total',
      'Time that workers waited for inputs to be fetched and decoded',
      (t) => t.preparing_s,
    );
    this.#counter('sqlens_worker_restarts_total', 'Workers that died and were started again', (s) =>
      s.workers.reduce((sum, worker) => sum + worker.restarts, 0),
    );
    this.#counter('sqlens_passes_total', 'Passes over statements that call models', (s) => s.passes);
    this.#counter('sqlens_inference_errors_total', 'Failed inputs of statements', (s) => s.inferenceErrors);
    this.#gauge('sqlens_inputs_waiting', 'Inputs that are in no batch yet', (s) => s.inputs_waiting);
    this.#gauge('sqlens_batches_to_retry', 'Batches that lost their worker', (s) => s.batches_to_retry);
    this.#gauge(
      'sqlens_models_quarantined',
      'Models refused because workers died of them',
      (s) => s.quarantined,
    );
    this.#gauge('sqlens_submissions', 'Demands that are being inferred', (s) => s.submissions);
    this.#gauge('sqlens_queries_running', 'Statements that run now', (s) => s.queries.running);
    this.#counter('sqlens_queries_finished_total', 'Statements that succeeded', (s) => s.queries.finished);
    this.#counter('sqlens_queries_failed_total', 'Statements that failed', (s) => s.queries.failed);
    this.#gauge('sqlens_connections', 'Open connections of the Postgres protocol', (s) => s.connections);
    this.#gauge('sqlens_answers', 'Answers kept across statements', (s) => s.answers.count);
    this.#gauge('sqlens_answers_bytes', 'Memory of the answers kept', (s) => s.answers.size_bytes);
    this.#workerGauges();
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  observeRequest(method: string, route: string, status: number, duration_ms: number): void {
    this.#requests.observe({ method, route, status: String(status) }, duration_ms / 1000);
  }

  /** The text that a scrape gets. */
  render(snapshot: MetricsSnapshot): Promise<string> {
    for (const copy of this.#copiers) copy(snapshot);
    return this.#registry.metrics();
  }

  #counter(name: string, help: string, read: (snapshot: MetricsSnapshot) => number): void {
    const counter = new Counter({ name, help, registers: [this.#registry] });
    this.#copiers.push((snapshot) => {
      counter.reset();
      counter.inc(read(snapshot));
    });
  }

  #gauge(name: string, help: string, read: (snapshot: MetricsSnapshot) => number): void {
    const gauge = new Gauge({ name, help, registers: [this.#registry] });
    this.#copiers.push((snapshot) => gauge.set(read(snapshot)));
  }

  /** One series per model, and one per kind of image task whatever its parameter. */
  #taskCounter(name: string, help: string, read: (totals: TaskTotals) => number): void {
    const counter = new Counter({ name, help, labelNames: ['task', 'model'], registers: [this.#registry] });
    this.#copiers.push((snapshot) => {
      counter.reset();
      for (const totals of snapshot.tasks) {
        const [task = 'other'] = totals.task.split(':');
        counter.inc({ task, model: totals.digest ?? '' }, read(totals));
      }
    });
  }

  #workerGauges(): void {
    const byState = new Gauge({
      name: 'sqlens_workers',
      help: 'Worker processes by state',
      labelNames: ['state'],
      registers: [this.#registry],
    });
    const memory = new Gauge({
      name: 'sqlens_worker_resident_memory_bytes',
      help: 'Resident memory of a worker as of its last batch',
      labelNames: ['slot'],
      registers: [this.#registry],
    });
    this.#copiers.push(({ workers }) => {
      byState.reset();
      memory.reset();
      for (const state of WORKER_STATES) byState.set({ state }, 0);
      for (const worker of workers) {
        byState.inc({ state: worker.state });
        memory.inc({ slot: String(worker.slot) }, worker.rss_bytes);
      }
    });
  }
}
