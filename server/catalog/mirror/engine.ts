/**
 * PGlite without its wrappers: messages of the protocol in, the answer piece by piece out.
 *
 * `execProtocolRaw` is not used. It puts the answer into the first 16 MiB of WebAssembly memory, and a longer one
 * silently overwrites PostgreSQL's own data (https://github.com/electric-sql/pglite/issues/550). The same build can talk
 * over files instead, as its tests do: it reads a message from one and writes its answer to SOCKET_FILE. Both are given
 * to it as things of ours: the input as a file in memory, the output as a device whose writes arrive here. So answers may
 * have any length and take no memory.
 */
import { mkdirSync } from 'node:fs';
import { PGlite } from '@electric-sql/pglite';
import { SqlensError, SqlState } from '../../../common/errors.ts';

/** Where this build looks for messages, and what it does with the answer's file when it is whole. */
const INPUT_PATH = '/tmp/pglite/base/.s.PGSQL.5432.in';
const SOCKET_PREFIX = '/tmp/pglite/base/.s.PGSQL.';
const OWN_INPUT_PATH = '/tmp/sqlens.in';
const OUTPUT_PATH = '/dev/sqlens';
/** Any number that Emscripten gives to no device of its own. */
const OUTPUT_DEVICE = 83;
/** The heap starts at 192 MiB, of which little is touched; beyond this, a statement gets "out of memory". */
const MAX_HEAP_PAGES = (256 * 2 ** 20) / 65_536;

/** As much of Emscripten's module as we use. */
interface PostgresModule {
  readonly HEAPU8: Uint8Array;
  readonly HEAP32: Int32Array;
  readonly FS: ModuleFiles;
  /** Addresses. */
  readonly _SOCKET_FILE: number;
  _malloc(size_bytes: number): number;
  _fopen(path: number, mode: number): number;
  _fclose(file: number): number;
  _interactive_write(size_bytes: number): void;
  _interactive_one(): void;
}

interface ModuleFiles {
  makedev(major: number, minor: number): number;
  registerDevice(device: number, operations: object): void;
  mkdev(path: string, device: number): void;
  writeFile(path: string, data: Uint8Array): void;
  open(path: unknown, ...rest: unknown[]): unknown;
  unlink(path: string): unknown;
  rename(from: string, to: string): unknown;
}

/** Gets a piece of an answer; the bytes are PostgreSQL's and change with its next step. */
export type AnswerPiece = (bytes: Uint8Array) => void;

export class Engine {
  readonly #module: PostgresModule;
  readonly #outputPath: number;
  readonly #writeMode: number;
  #receive: AnswerPiece = () => undefined;

  private constructor(module: PostgresModule) {
    this.#module = module;
    this.#outputPath = this.#text(OUTPUT_PATH);
    this.#writeMode = this.#text('w');
    const files = module.FS;
    const device = files.makedev(OUTPUT_DEVICE, 0);
    files.registerDevice(device, {
      open: () => undefined,
      close: () => undefined,
      read: () => 0,
      write: (_stream: unknown, heap: Int8Array, offset: number, size_bytes: number) => {
        this.#receive(new Uint8Array(heap.buffer, heap.byteOffset + offset, size_bytes));
        return size_bytes;
      },
    });
    files.mkdev(OUTPUT_PATH, device);
    keepOffDisk(files);
  }

  /**
   * Opens the database, or makes the directory when there is none.
   * @throws whatever PostgreSQL's start threw; the process must end then
   */
  static async open(
    folder: string,
    database: string | undefined,
    username: string | undefined,
  ): Promise<Engine> {
    limitHeap();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const postgres = await PGlite.create(folder, { database, username });
    const module: unknown = postgres.Module;
    if (!isPostgresModule(module)) {
      throw new SqlensError({
        sqlState: SqlState.internalError,
        message: 'the installed PGlite is not the build that the catalog was written for',
        hint: 'Install the version that package.json names.',
      });
    }
    return new Engine(module);
  }

  /** Runs messages to their end; a crash of PostgreSQL is thrown, and nothing more can be run then. */
  run(messages: Uint8Array, receive: AnswerPiece): void {
    const module = this.#module;
    module.FS.writeFile(OWN_INPUT_PATH, messages);
    const file = module._fopen(this.#outputPath, this.#writeMode);
    const slot = module._SOCKET_FILE >> 2;
    module.HEAP32[slot] = file;
    this.#receive = receive;
    module._interactive_write(0);
    module._interactive_one();
    // It closes the file when it has said ReadyForQuery.
    if (module.HEAP32[slot] === file) {
      module._fclose(file);
      module.HEAP32[slot] = 0;
    }
  }

  #text(value: string): number {
    const bytes = Buffer.from(`${value}\0`);
    const address = this.#module._malloc(bytes.length);
    this.#module.HEAPU8.set(bytes, address);
    return address;
  }
}

/** The data directory is on disk, and so would the files be by which messages go: some system calls each. */
function keepOffDisk(files: ModuleFiles): void {
  const { open, unlink, rename } = files;
  files.open = (path, ...rest) => open.call(files, path === INPUT_PATH ? OWN_INPUT_PATH : path, ...rest);
  files.unlink = (path) => (String(path).startsWith(SOCKET_PREFIX) ? undefined : unlink.call(files, path));
  files.rename = (from, to) =>
    String(from).startsWith(SOCKET_PREFIX) ? undefined : rename.call(files, from, to);
}

/** PGlite allows 2 GiB, and has no option for it. */
function limitHeap(): void {
  const wasm: unknown = Reflect.get(globalThis, 'WebAssembly');
  if (typeof wasm !== 'object' || wasm === null) return;
  const memory: unknown = Reflect.get(wasm, 'Memory');
  if (typeof memory !== 'function') return;
  const limited = new Proxy(memory, {
    construct: (target, [given]: unknown[]): object =>
      Reflect.construct(target, [isMemorySize(given) ? { ...given, maximum: MAX_HEAP_PAGES } : given]),
  });
  Reflect.set(wasm, 'Memory', limited);
}

function isMemorySize(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'maximum' in value;
}

function isPostgresModule(value: unknown): value is PostgresModule {
  if (typeof value !== 'object' || value === null) return false;
  const has = (name: string, type: string): boolean => typeof Reflect.get(value, name) === type;
  return (
    ['_malloc', '_fopen', '_fclose', '_interactive_write', '_interactive_one'].every((name) =>
      has(name, 'function'),
    ) &&
    has('_SOCKET_FILE', 'number') &&
    has('HEAPU8', 'object') &&
    has('HEAP32', 'object') &&
    has('FS', 'object')
  );
}
