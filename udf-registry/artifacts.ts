/**
 * Artifacts on disk: `<digest>.onnx` and `<digest>.json` beside it, and the tokenizers of text models. Written under another name, synced and renamed,
 * so that a crash leaves either nothing or the whole; the manifest comes last and is what makes an artifact exist.
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { SqlensError, SqlState } from '../common/errors.ts';
import type { CompiledModel, Manifest } from '../models/artifact.ts';

/** Where a tokenizer stands, beside the artifacts. */
export function tokenizerPath(artifactPath: string, digest: string): string {
  return path.join(path.dirname(artifactPath), `${digest}.tokenizer`);
}

export class ArtifactStore {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
  }

  pathOf(digest: string): string {
    return path.join(this.#folder, `${digest}.onnx`);
  }

  /** Stores an artifact; one that is there but damaged is replaced, and so is a manifest that says less. */
  async put(model: CompiledModel): Promise<void> {
    const { digest } = model.manifest;
    const manifest = JSON.stringify(model.manifest);
    const known = await this.manifest(digest).catch(() => undefined);
    const isWhole = known !== undefined && (await this.verify(digest));
    if (isWhole && JSON.stringify(known) === manifest) return;
    if (!isWhole) await this.#write(this.pathOf(digest), model.onnx);
    await this.#write(this.#manifestPath(digest), Buffer.from(manifest));
  }

  /**
   * Stores a tokenizer file.
   * @returns its digest
   */
  async putTokenizer(bytes: Uint8Array): Promise<string> {
    const digest = sha256(bytes);
    if (!(await this.verifyTokenizer(digest))) await this.#write(this.#tokenizerPath(digest), bytes);
    return digest;
  }

  /** Reads a tokenizer and compares it with its digest. */
  async verifyTokenizer(digest: string): Promise<boolean> {
    const bytes = await readFile(this.#tokenizerPath(digest)).catch(() => undefined);
    return bytes !== undefined && sha256(bytes) === digest;
  }

  /**
   * @throws XX001 when the artifact is missing or not what its digest says
   */
  async manifest(digest: string): Promise<Manifest> {
    try {
      const text = await readFile(this.#manifestPath(digest), 'utf8');
      const manifest: Manifest = JSON.parse(text);
      const { size } = await stat(this.pathOf(digest));
      if (manifest.digest !== digest || manifest.size_bytes !== size) {
        throw new Error(`its size is ${size} bytes where the manifest says ${manifest.size_bytes}`);
      }
      return manifest;
    } catch (error) {
      throw new SqlensError({
        sqlState: SqlState.dataCorrupted,
        message: `artifact ${digest} is damaged: ${error instanceof Error ? error.message : String(error)}`,
        hint: 'Register the model again with CREATE OR REPLACE MODEL.',
        cause: error,
      });
    }
  }

  /** Reads the whole graph and compares it with its digest. */
  async verify(digest: string): Promise<boolean> {
    const bytes = await readFile(this.pathOf(digest)).catch(() => undefined);
    return bytes !== undefined && sha256(bytes) === digest;
  }

  /** Deletes what is not in `keep`: half-written files, and artifacts and tokenizers that no model refers to. */
  async collect(keep: ReadonlySet<string>): Promise<number> {
    let removed = 0;
    for (const file of await readdir(this.#folder)) {
      const digest = /^([0-9a-f]{64})\.(?:onnx|json|tokenizer)$/.exec(file)?.[1];
      if (digest !== undefined && keep.has(digest)) continue;
      await rm(path.join(this.#folder, file), { force: true });
      removed++;
    }
    return removed;
  }

  /** A rename is on disk only when its folder is. */
  async #syncFolder(): Promise<void> {
    if (process.platform === 'win32') return;
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }

  #tokenizerPath(digest: string): string {
    return tokenizerPath(this.pathOf(digest), digest);
  }

  #manifestPath(digest: string): string {
    return path.join(this.#folder, `${digest}.json`);
  }

  async #write(target: string, bytes: Uint8Array): Promise<void> {
    const draft = `${target}.${randomUUID()}.part`;
    try {
      const file = await open(draft, 'wx', 0o600);
      try {
        await file.writeFile(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(draft, target);
      await this.#syncFolder();
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
