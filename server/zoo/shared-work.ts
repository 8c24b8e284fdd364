/** Work that several may wait for at once, done once. It goes on while anybody waits, and is aborted when nobody does. */

interface Running<T> {
  readonly result: Promise<T>;
  readonly controller: AbortController;
  readonly listeners: Set<(message: string) => void>;
  /** How it stands: who comes later hears it at once. */
  readonly standing: { message: string | undefined };
  waiting: number;
}

export interface Waiter {
  readonly signal: AbortSignal;
  /** Told how the work goes on, also of work that somebody else began. */
  readonly onProgress: (message: string) => void;
}

export class SharedWork<T> {
  readonly #running = new Map<string, Running<T>>();
  /** Aborted, but not over yet: the same work does not begin beside itself. */
  readonly #ending = new Map<string, Promise<unknown>>();

  /**
   * @param work begun when nobody does it yet
   * @throws the waiter's reason when its signal fires, while the work goes on for the others
   */
  async run(
    key: string,
    waiter: Waiter,
    work: (signal: AbortSignal, tell: (message: string) => void) => Promise<T>,
  ): Promise<T> {
    for (let ending = this.#ending.get(key); ending !== undefined; ending = this.#ending.get(key))
      await ending;
    waiter.signal.throwIfAborted();
    const running = this.#running.get(key) ?? this.#begin(key, work);
    running.waiting++;
    running.listeners.add(waiter.onProgress);
    if (running.standing.message !== undefined) waiter.onProgress(running.standing.message);
    let abort: (() => void) | undefined;
    const aborted = new Promise<never>((_, reject) => {
      abort = () => reject(waiter.signal.reason);
      waiter.signal.addEventListener('abort', abort, { once: true });
    });
    try {
      return await Promise.race([running.result, aborted]);
    } finally {
      if (abort !== undefined) waiter.signal.removeEventListener('abort', abort);
      running.listeners.delete(waiter.onProgress);
      running.waiting--;
      if (running.waiting === 0) {
        if (this.#running.get(key) === running) this.#end(key, running);
        running.controller.abort(waiter.signal.reason);
      }
    }
  }

  #end(key: string, { result }: Running<T>): void {
    this.#running.delete(key);
    const ending = result.then(
      () => this.#ending.delete(key),
      () => this.#ending.delete(key),
    );
    this.#ending.set(key, ending);
  }

  #begin(
    key: string,
    work: (signal: AbortSignal, tell: (message: string) => void) => Promise<T>,
  ): Running<T> {
    const controller = new AbortController();
    const listeners = new Set<(message: string) => void>();
    const standing: Running<T>['standing'] = { message: undefined };
    const tell = (message: string) => {
      standing.message = message;
      for (const listener of listeners) listener(message);
    };
    const result = work(controller.signal, tell).finally(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    // Nobody may wait any more when it fails.
    result.catch(() => undefined);
    const running: Running<T> = { result, controller, listeners, standing, waiting: 0 };
    this.#running.set(key, running);
    return running;
  }
}
