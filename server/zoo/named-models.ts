/**
 * The named models of a server: their weights are fetched and compiled when they are first needed, and the artifacts kept
 * in the data directory, one for classes and one for features, which do without the classifier's weights.
 */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import { Turns } from '../../common/turns.ts';
import { COMPILER_VERSION, compileInChild, type Manifest } from '../../models/index.ts';
import { FEATURES_OUTPUT, NAMED_MODELS, type NamedModel, namedModel } from '../../models/zoo/catalog.ts';
import { IMAGENET_CLASSES } from '../../models/zoo/imagenet-classes.ts';
import { ArtifactStore } from '../../udf-registry/artifacts.ts';
import type { Logger } from '../../udf-registry/logger.ts';
import type { NamedArtifact, NamedModels } from '../../udf-registry/named-functions.ts';
import type { NamedUse } from '../../udf-registry/named-uses.ts';
import { compileMemory_bytes } from '../query/ddl/create-model.ts';
import { DOWNLOAD_LIMITS, type DownloadLimits } from './download.ts';
import { SharedWork } from './shared-work.ts';
import { WeightsStore } from './weights-store.ts';

/** What tests put in the place of Keras' models and servers. */
export interface NamedModelSources {
  readonly models: readonly NamedModel[];
  readonly limits: DownloadLimits;
}

const KERAS: NamedModelSources = { models: NAMED_MODELS, limits: DOWNLOAD_LIMITS };

/** The largest ones take more than a minute on a small machine. */
const COMPILE_TIMEOUT_MS = 600_000;

/** A file of weights is in memory several times while it is compiled, and may take half a gigabyte. */
const compileTurns = new Turns(1);

/** What a file beside the artifacts says of one of them. */
interface ArtifactRecord {
  readonly compilerVersion: number;
  /** Of the weights; null where Keras publishes none. */
  readonly hash: string | null;
  readonly digest: string;
}

export class ServerNamedModels implements NamedModels {
  readonly #folder: string;
  readonly #artifacts: ArtifactStore;
  readonly #weights: WeightsStore;
  readonly #sources: NamedModelSources;
  readonly #logger: Logger;
  readonly #making = new SharedWork<NamedArtifact>();
  readonly #made = new Map<string, NamedArtifact>();

  private constructor(dataDir: string, logger: Logger, sources: NamedModelSources) {
    this.#folder = path.join(dataDir, 'named-models');
    this.#artifacts = new ArtifactStore(path.join(this.#folder, 'artifacts'));
    this.#weights = new WeightsStore(dataDir, sources.limits);
    this.#sources = sources;
    this.#logger = logger;
  }

  /** Opens the folder below the data directory, and removes artifacts that an earlier compiler made. */
  static async open(
    dataDir: string,
    logger: Logger,
    sources: NamedModelSources = KERAS,
  ): Promise<ServerNamedModels> {
    const models = new ServerNamedModels(dataDir, logger, sources);
    await mkdir(models.#folder, { recursive: true, mode: 0o700 });
    await models.#artifacts.open();
    await models.#collect();
    return models;
  }

  get all(): readonly NamedModel[] {
    return this.#sources.models;
  }

  find(name: string): NamedModel {
    const own = this.#sources.models.find((model) => model.name.toLowerCase() === name.toLowerCase());
    return own ?? namedModel(name);
  }

  /** Whether its weights need not be fetched; asked anew each time, since they may come from outside. */
  isHere(model: NamedModel): boolean {
    return existsSync(this.#weights.pathOf(model.weights.top));
  }

  async artifact(
    model: NamedModel,
    use: NamedUse,
    { signal, tell }: { readonly signal: AbortSignal; readonly tell: (message: string) => void },
  ): Promise<NamedArtifact> {
    const key = `${model.name}.${use}`;
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    return this.#making.run(key, { signal, onProgress: tell }, async (shared, tellAll) => {
      const artifact = (await this.#kept(model, use)) ?? (await this.#make(model, use, shared, tellAll));
      this.#made.set(key, artifact);
      return artifact;
    });
  }

  /** An artifact of an earlier run, if it is whole and what would be made now. */
  async #kept(model: NamedModel, use: NamedUse): Promise<NamedArtifact | undefined> {
    const record = await this.#record(`${model.name}.${use}.json`);
    if (record === undefined || record.compilerVersion !== COMPILER_VERSION) return undefined;
    if (record.hash !== hashOf(model) || !(await this.#artifacts.verify(record.digest))) return undefined;
    const manifest = await this.#artifacts.manifest(record.digest).catch(() => undefined);
    if (manifest === undefined) return undefined;
    return { digest: record.digest, path: this.#artifacts.pathOf(record.digest), manifest };
  }

  async #make(
    model: NamedModel,
    use: NamedUse,
    signal: AbortSignal,
    tell: (message: string) => void,
  ): Promise<NamedArtifact> {
    const { top } = model.weights;
    const report = (message: string) => {
      this.#logger.info({ model: model.name }, message);
      tell(message);
    };
    const file = await this.#weights.ensure(model, top, { signal, onProgress: report });
    report(`compiling ${model.name}`);
    const compiled = await compileTurns.run(signal, async () => {
      const bytes = await readFile(file);
      const options = {
        preprocess: model.preprocess,
        output: use === 'features' ? FEATURES_OUTPUT : undefined,
        architecture: model.name,
      };
      const memory_bytes = compileMemory_bytes(bytes.length);
      return compileInChild({ name: top.file, bytes }, options, {
        memory_bytes,
        timeout_ms: COMPILE_TIMEOUT_MS,
        signal,
      });
    });
    checkOutput(model, use, compiled.manifest, file);
    const { digest } = compiled.manifest;
    await this.#artifacts.put(compiled);
    await this.#keep(`${model.name}.${use}.json`, {
      compilerVersion: COMPILER_VERSION,
      hash: hashOf(model),
      digest,
    });
    return { digest, path: this.#artifacts.pathOf(digest), manifest: compiled.manifest };
  }

  async #record(name: string): Promise<ArtifactRecord | undefined> {
    try {
      const record: ArtifactRecord = JSON.parse(await readFile(path.join(this.#folder, name), 'utf8'));
      return typeof record.digest === 'string' && /^[0-9a-f]{64}$/.test(record.digest) ? record : undefined;
    } catch {
      return undefined;
    }
  }

  async #keep(name: string, record: ArtifactRecord): Promise<void> {
    const target = path.join(this.#folder, name);
    const draft = `${target}.${randomUUID()}.part`;
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    await rename(draft, target);
  }

  async #collect(): Promise<void> {
    const keep = new Set<string>();
    try {
      for (const name of await readdir(this.#folder)) {
        const record = name.endsWith('.json') ? await this.#record(name) : undefined;
        if (record?.compilerVersion === COMPILER_VERSION) keep.add(record.digest);
        else if (name.endsWith('.json') || name.endsWith('.part')) await rm(path.join(this.#folder, name));
      }
      await this.#artifacts.collect(keep);
    } catch (error) {
      // What cannot be removed takes space, and harms nothing.
      this.#logger.warn({ reason: messageOf(error) }, 'artifacts of named models are not tidied');
    }
  }
}

/** Where Keras publishes no hash, a file may be another's: its network says how many numbers it gives. */
function checkOutput(model: NamedModel, use: NamedUse, { outputs }: Manifest, file: string): void {
  const wanted = use === 'features' ? model.featureCount : IMAGENET_CLASSES.length;
  const count = outputs[0]?.shape.reduce<number>((product, size) => product * (size ?? 0), 1) ?? 0;
  if (count === wanted) return;
  throw new SqlensError({
    sqlState: SqlState.dataCorrupted,
    message: `the weights of ${model.name} that are here are not Keras' for ImageNet: they give ${count} ${use}, not ${wanted}`,
    hint: `Remove ${file}, and run: sqlens model pull ${model.name}`,
  });
}

function hashOf(model: NamedModel): string | null {
  return model.weights.top.hash?.digest ?? null;
}
