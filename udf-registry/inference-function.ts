/** Functions whose answers come from workers: models, image_decode, image_info, image_thumbnail. */
import { Breather } from '../common/breather.ts';
import { SqlensError } from '../common/errors.ts';
import type { ImageObject } from '../image-source/api.ts';
import { AnswerStore, FAILED } from './answers.ts';
import type { Answer, Inference, Input, SingleInput, Task } from './api.ts';
import { Demand } from './demand.ts';
import type { InferenceErrorLog } from './inference-errors.ts';
import type { Parameter } from './parameters.ts';
import type { AskingFunction, Pass, QueryAnswering } from './pass.ts';
import type { ResultShape } from './shapes.ts';

/** What inference functions need of the image room: turning a URI into its canonical form and its version. */
export interface Versions {
  canonicalUri(text: string): string;
  stat(uri: string): Promise<Pick<ImageObject, 'version'>>;
}

export interface InferenceContext {
  readonly inference: Inference;
  readonly versions: Versions;
  readonly errors: InferenceErrorLog;
}

type Stored = Extract<SingleInput, { kind: 'stored' }>;

/** A task that is made for the first query that needs it may take as long as its model's weights take to come. */
export type TaskFor = (parameter: number | undefined, query: QueryAnswering) => Task | Promise<Task>;

/** Inputs of one identity, which are inferred once. */
interface Waiting {
  readonly input: Input;
  readonly demandIndexes: number[];
}

/** Stats of bare URIs that run at once: enough to hide a bucket's latency. */
const STATS_IN_FLIGHT = 32;

export class InferenceFunction implements AskingFunction {
  readonly internalName: string;
  readonly displayName: string;
  readonly asksWhileDescribing = false;
  readonly parameters: readonly Parameter[];
  /** What workers do; for functions with a number beside the input, depending on it. */
  readonly taskFor: TaskFor;
  readonly store: AnswerStore;
  readonly shape: ResultShape;
  readonly #context: InferenceContext;
  readonly #demands = new WeakMap<Pass, Demand>();
  #example: AnswerStore | undefined;

  constructor(options: {
    internalName: string;
    displayName: string;
    parameters: readonly Parameter[];
    taskFor: TaskFor;
    store: AnswerStore;
    shape: ResultShape;
    context: InferenceContext;
  }) {
    this.internalName = options.internalName;
    this.displayName = options.displayName;
    this.parameters = options.parameters;
    this.taskFor = options.taskFor;
    this.store = options.store;
    this.shape = options.shape;
    this.#context = options.context;
  }

  /**
   * Whether this pass should note an input that has no answer: not when another function asks in it, nor when the
   * input is noted already or the budget used up (which it is only with inputs in it).
   */
  wants(pass: Pass, words: Uint32Array, offset: number): boolean {
    if (pass.mode === 'describe' || (pass.asking !== undefined && pass.asking !== this)) return false;
    const demand = this.#demands.get(pass);
    return demand === undefined || (!demand.full && !demand.has(words, offset));
  }

  /** Where to note a missing input in this pass; undefined when another function asks in it. */
  demandOf(pass: Pass): Demand | undefined {
    if (!pass.claim(this)) return undefined;
    let demand = this.#demands.get(pass);
    if (demand === undefined) {
      demand = new Demand(pass.budget);
      this.#demands.set(pass, demand);
    }
    return demand;
  }

  /**
   * Any answer of the right type, for statements that are only described: of a constant NULL DuckDB would not know which
   * type its parts have (`f('a.jpg')[1].class`). In a store without answers every slot is all zeros, or NULL.
   */
  get example(): AnswerStore {
    this.#example ??= new AnswerStore(this.store.width, { idle_bytes: 0, busy_bytes: 0 });
    return this.#example;
  }

  async satisfy(pass: Pass): Promise<void> {
    const demand = this.#demands.get(pass);
    if (demand === undefined) return;
    const query = pass.query;
    const resolved = await this.#resolve(demand, query);
    const waiting = new Map<number | undefined, Map<string, Waiting>>();
    const breather = new Breather();
    for (const [index, entry] of resolved.entries()) {
      if (breather.isDue()) await breather.rest();
      if (entry instanceof SqlensError) {
        this.#fail(demand, [index], entry, query);
        continue;
      }
      const slot = this.store.find(entry.identity);
      if (slot !== undefined) {
        this.#settle(demand, [index], slot, query);
        continue;
      }
      const parameter = demand.parameters[index];
      const group = waiting.get(parameter) ?? new Map<string, Waiting>();
      waiting.set(parameter, group);
      const others = group.get(entry.identity);
      if (others === undefined) group.set(entry.identity, { input: entry.input, demandIndexes: [index] });
      else others.demandIndexes.push(index);
    }
    for (const [parameter, group] of waiting)
      await this.#infer(await this.taskFor(parameter, query), group, demand, query);
  }

  async #infer(
    task: Task,
    group: Map<string, Waiting>,
    demand: Demand,
    query: QueryAnswering,
  ): Promise<void> {
    const asked = [...group.entries()];
    query.inferred_count += asked.length;
    // With on_error = 'fail' the first failure stops the others.
    const stop = new AbortController();
    const inputs = asked.map(([, { input }]) => input);
    await this.#context.inference.submit(task, inputs, {
      queryId: query.queryId,
      signal: AbortSignal.any([query.signal, stop.signal]),
      onAnswer: (index, answer) => {
        const entry = asked[index];
        if (entry === undefined) return;
        try {
          this.#take(entry[0], entry[1].demandIndexes, answer, demand, query);
        } catch (error) {
          if (!(error instanceof SqlensError)) throw error;
          stop.abort(error);
        }
      },
    });
    stop.signal.throwIfAborted();
  }

  /** Gives each input its identity: what it is, by content or version, whichever way it was passed. */
  async #resolve(
    demand: Demand,
    query: QueryAnswering,
  ): Promise<({ readonly identity: string; readonly input: Input } | SqlensError)[]> {
    const resolved: ({ identity: string; input: Input } | SqlensError)[] = new Array(demand.count);
    let next = 0;
    const breather = new Breather();
    const work = async () => {
      for (let index = next++; index < demand.count; index = next++) {
        query.signal.throwIfAborted();
        if (breather.isDue()) await breather.rest();
        const input = demand.inputs[index];
        if (input !== undefined) resolved[index] = await this.#identify(input, demand, index);
      }
    };
    await Promise.all(Array.from({ length: Math.min(STATS_IN_FLIGHT, demand.count) }, work));
    return resolved;
  }

  async #identify(
    input: Input,
    demand: Demand,
    index: number,
  ): Promise<{ identity: string; input: Input } | SqlensError> {
    const { buffer, byteOffset } = demand.keys;
    const key = () => Buffer.from(buffer, byteOffset + index * 16, 16).toString('hex');
    const parameter = demand.parameters[index];
    try {
      if (input.kind === 'stored') {
        const { identity, input: resolved } = await this.#resolveStored(input);
        return {
          identity: parameter === undefined ? identity : `${identity}\n${parameter}`,
          input: resolved,
        };
      }
      if (input.kind !== 'parts') return { identity: key(), input };
      // The key says what each part was called; a stored image is what it is at its version.
      let identity = key();
      const parts: SingleInput[] = [];
      for (const part of input.parts) {
        if (part.kind !== 'stored') {
          parts.push(part);
          continue;
        }
        const resolved = await this.#resolveStored(part);
        identity += `\n${resolved.identity}`;
        parts.push(resolved.input);
      }
      return { identity, input: { kind: 'parts', parts } };
    } catch (error) {
      if (error instanceof SqlensError) return error;
      throw error;
    }
  }

  async #resolveStored(input: Stored): Promise<{ identity: string; input: Stored }> {
    const uri = this.#context.versions.canonicalUri(input.uri);
    const version = input.version ?? (await this.#context.versions.stat(uri)).version;
    return { identity: `${uri}\n${version}`, input: { kind: 'stored', uri, version } };
  }

  #take(
    identity: string,
    demandIndexes: readonly number[],
    answer: Answer,
    demand: Demand,
    query: QueryAnswering,
  ): void {
    if (answer.kind === 'failed') {
      this.#fail(demand, demandIndexes, answer.error, query);
      return;
    }
    const { value, size_bytes } = this.shape.toValue(answer);
    this.#settle(demand, demandIndexes, this.store.add(identity, value, size_bytes), query);
  }

  #settle(demand: Demand, indexes: readonly number[], slot: number, query: QueryAnswering): void {
    for (const index of indexes) {
      const keys = demand.durable[index] ? this.store.keys : query.answersOf(this.store).own;
      keys.set(demand.keys, index * 4, slot);
    }
  }

  #fail(demand: Demand, indexes: readonly number[], error: SqlensError, query: QueryAnswering): void {
    for (const index of indexes) {
      query.answersOf(this.store).own.set(demand.keys, index * 4, FAILED);
      const input = demand.inputs[index];
      this.#context.errors.add(query.queryId, this.displayName, nameOf(input), error);
      if (query.onError === 'fail') {
        throw new SqlensError({
          sqlState: error.sqlState,
          message: `${this.displayName} failed on ${nameOf(input)}: ${error.message}`,
          hint: error.hint ?? "SET sqlens.on_error = 'null' makes bad inputs NULL instead.",
          detail: error.detail,
          cause: error,
        });
      }
    }
  }
}

function nameOf(input: Input | undefined): string {
  switch (input?.kind) {
    case undefined:
      return 'an input';
    case 'stored':
      return input.uri;
    case 'bytes':
      return `${input.bytes.length} bytes`;
    case 'schema':
      return input.image.origin === '' ? 'an image struct' : input.image.origin;
    case 'tensor':
      return `a list of ${input.values.length} numbers`;
    case 'text':
      return JSON.stringify(
        input.text.length <= TEXT_SHOWN ? input.text : `${input.text.slice(0, TEXT_SHOWN)}…`,
      );
    case 'parts':
      return input.parts.map(nameOf).join(', ');
  }
}

/** Characters of a text that are enough to tell which one it is. */
const TEXT_SHOWN = 60;
