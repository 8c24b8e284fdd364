/** A web server of weights files that misbehaves as told, and a catalog entry for what it serves. For tests alone. */
import { createHash } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import type { NamedModel } from '../../models/zoo/catalog.ts';
import type { DownloadLimits } from './download.ts';

/** No pauses: what is tested is what happens, never how soon. */
export const TEST_LIMITS: DownloadLimits = {
  size_bytes: 64 * 2 ** 20,
  total_ms: 60_000,
  connect_ms: 10_000,
  idle_ms: 20_000,
  attempts: 3,
  pause_ms: 1,
  redirects: 3,
};

export interface Request {
  readonly path: string;
  readonly range: string | undefined;
}

type Answer = (request: http.IncomingMessage, response: http.ServerResponse) => void;

export class WeightsServer {
  readonly requests: Request[] = [];
  readonly #server: http.Server;
  /** What the next requests get, one each; afterwards all get the file. */
  readonly script: Answer[] = [];
  readonly #content: Buffer;

  private constructor(content: Buffer) {
    this.#content = content;
    this.#server = http.createServer((request, response) => {
      this.requests.push({ path: request.url ?? '', range: request.headers.range });
      (this.script.shift() ?? this.whole)(request, response);
    });
  }

  static async start(content: Buffer): Promise<WeightsServer> {
    const server = new WeightsServer(content);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === 'string') throw new TypeError('the server does not listen');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  /** The file, or its end when only that is asked for. */
  readonly whole: Answer = (request, response) => {
    const from_bytes = startOf(request);
    this.#head(response, from_bytes);
    response.end(this.#content.subarray(from_bytes));
  };

  /** Some bytes, and then the connection breaks. */
  breaksAfter(count_bytes: number): Answer {
    return (request, response) => {
      const from_bytes = startOf(request);
      this.#head(response, from_bytes);
      response.write(this.#content.subarray(from_bytes, from_bytes + count_bytes), () =>
        response.socket?.destroy(),
      );
    };
  }

  /** Some bytes, and then nothing. */
  stallsAfter(count_bytes: number): Answer {
    return (request, response) => {
      const from_bytes = startOf(request);
      this.#head(response, from_bytes);
      response.write(this.#content.subarray(from_bytes, from_bytes + count_bytes));
    };
  }

  /** Some bytes, and the others when told. */
  waitsFor(event: Promise<void>, count_bytes: number): Answer {
    return (request, response) => {
      const from_bytes = startOf(request);
      this.#head(response, from_bytes);
      response.write(this.#content.subarray(from_bytes, from_bytes + count_bytes));
      event.then(() => response.end(this.#content.subarray(from_bytes + count_bytes)));
    };
  }

  /** A byte at a time until the file has come or the other end goes away. */
  readonly trickles: Answer = (request, response) => {
    const from_bytes = startOf(request);
    this.#head(response, from_bytes);
    let at_bytes = from_bytes;
    const timer = setInterval(() => {
      if (at_bytes >= this.#content.length) response.end();
      else response.write(this.#content.subarray(at_bytes, ++at_bytes));
    }, 5);
    response.on('close', () => clearInterval(timer));
  };

  redirectsTo(location: string, status = 302): Answer {
    return (_request, response) => {
      response.writeHead(status, { location });
      response.end();
    };
  }

  answers(status: number, body: string | Buffer = ''): Answer {
    return (_request, response) => {
      response.writeHead(status);
      response.end(body);
    };
  }

  #head(response: http.ServerResponse, from_bytes: number): void {
    const length = this.#content.length;
    if (from_bytes === 0) response.writeHead(200, { 'content-length': length });
    else {
      response.writeHead(206, {
        'content-length': length - from_bytes,
        'content-range': `bytes ${from_bytes}-${length - 1}/${length}`,
      });
    }
  }
}

function startOf(request: http.IncomingMessage): number {
  return Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
}

/** The catalog's entry of a model, with its weights at another place. */
export function servedAs(
  model: NamedModel,
  origin: string,
  content: Buffer,
  algorithm: 'md5' | 'sha256' = 'sha256',
): NamedModel {
  const { file } = model.weights.top;
  const hash = { algorithm, digest: createHash(algorithm).update(content).digest('hex') };
  return { ...model, weights: { ...model.weights, top: { file, url: `${origin}/${file}`, hash } } };
}
