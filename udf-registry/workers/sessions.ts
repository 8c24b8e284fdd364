import { InferenceSession } from 'onnxruntime-node';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import { PixelWriter } from './layout.ts';
import type { ModelSpec } from './messages.ts';

/** A model that is ready to run. */
export interface LoadedModel {
  readonly spec: ModelSpec;
  readonly session: InferenceSession;
  /** Undefined when the model takes numbers. */
  readonly pixels: PixelWriter | undefined;
  /** The number of rows the graph insists on; undefined when it takes any. */
  readonly fixedRows: number | undefined;
}

export interface SessionLimits {
  readonly threads: number;
  readonly sessions_max: number;
  readonly sessions_bytes_max: number;
}

/** The sessions a worker holds, least recently used out first. Bytes are those of the artifacts. */
export class Sessions {
  private readonly limits: SessionLimits;
  private readonly byDigest = new Map<string, LoadedModel>();
  private releasedCount = 0;

  constructor(limits: SessionLimits) {
    this.limits = limits;
  }

  get loaded(): string[] {
    return [...this.byDigest.keys()];
  }

  /** Sessions released so far; each leaks a little in ONNX Runtime. */
  get released(): number {
    return this.releasedCount;
  }

  has(digest: string): boolean {
    return this.byDigest.has(digest);
  }

  /**
   * The session of a model, loaded if need be; blocks the thread meanwhile.
   * @throws SqlensError XX001 when the artifact does not load
   */
  async get(spec: ModelSpec): Promise<LoadedModel> {
    const held = this.byDigest.get(spec.digest);
    if (held !== undefined) {
      this.byDigest.delete(spec.digest);
      this.byDigest.set(spec.digest, held);
      // Models of one artifact may ask for other outputs of it.
      return { ...held, spec };
    }
    await this.makeRoom(this.limits.sessions_max - 1, this.limits.sessions_bytes_max - spec.size_bytes);
    const model = await this.load(spec);
    this.byDigest.set(spec.digest, model);
    return model;
  }

  private async load(spec: ModelSpec): Promise<LoadedModel> {
    try {
      return await this.open(spec);
    } catch (error) {
      // It may only be the memory that the others hold.
      if (this.byDigest.size === 0) throw loadError(spec, error);
      await this.makeRoom(0, 0);
      try {
        return await this.open(spec);
      } catch (again) {
        throw loadError(spec, again);
      }
    }
  }

  private async open(spec: ModelSpec): Promise<LoadedModel> {
    const session = await InferenceSession.create(spec.path, {
      executionProviders: ['cpu'],
      executionMode: 'sequential',
      intraOpNumThreads: this.limits.threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // Workers share cores with each other: an idle thread that spins takes its neighbour's time.
      extra: { session: { intra_op: { allow_spinning: this.limits.threads > 1 ? '1' : '0' } } },
      logSeverityLevel: 3,
    });
    try {
      return {
        spec,
        session,
        pixels: spec.image === undefined ? undefined : new PixelWriter(spec.image),
        fixedRows: fixedRows(spec, session),
      };
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  private async makeRoom(count_max: number, bytes_max: number): Promise<void> {
    let size_bytes = 0;
    for (const model of this.byDigest.values()) size_bytes += model.spec.size_bytes;
    for (const [digest, model] of this.byDigest) {
      if (this.byDigest.size <= Math.max(0, count_max) && size_bytes <= Math.max(0, bytes_max)) return;
      this.byDigest.delete(digest);
      size_bytes -= model.spec.size_bytes;
      this.releasedCount++;
      await model.session.release();
    }
  }
}

/** Checks that the graph has the inputs and outputs that its manifest promises, and reads its batch axis. */
function fixedRows(spec: ModelSpec, session: InferenceSession): number | undefined {
  const names =
    spec.image === undefined || spec.inputs.length > 1
      ? spec.inputs.map((input) => input.name)
      : [spec.image.tensor];
  const missing = [
    ...names.filter((name) => !session.inputNames.includes(name)).map((name) => `input ${name}`),
    ...spec.outputs
      .filter((output) => !session.outputNames.includes(output.name))
      .map((output) => `output ${output.name}`),
  ];
  if (missing.length > 0) throw new Error(`the graph has no ${missing.join(', no ')}`);
  for (const meta of session.inputMetadata) {
    const rows = meta.isTensor && names.includes(meta.name) ? meta.shape[0] : undefined;
    if (typeof rows === 'number') return Math.max(1, rows);
  }
  return spec.image?.dynamicBatch === false ? 1 : undefined;
}

function loadError(spec: ModelSpec, error: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.dataCorrupted,
    message: `the artifact ${spec.digest.slice(0, 12)} does not load: ${messageOf(error)}`,
    hint: 'Register the model again with CREATE OR REPLACE MODEL; if that fails too, ONNX Runtime does not support its graph.',
    cause: error,
  });
}
