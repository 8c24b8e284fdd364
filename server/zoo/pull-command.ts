/** `sqlens model pull`: brings the weights of named models into a data directory, ahead of time or without a network. */
import { mkdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { messageOf, SqlensError, SqlState } from '../../common/errors.ts';
import { type NamedModel, namedModel, type WeightsFile } from '../../models/zoo/catalog.ts';
import { readConfig } from '../config.ts';
import { type WeightsOrigin, WeightsStore } from './weights-store.ts';

export const PULL_USAGE = `Usage: sqlens model pull NAME … [--from URL|DIR] [--data-dir DIR]

Brings the weights of named models (SHOW NAMED MODELS lists them) into the data directory, so that image_predict and
image_features need no network. A transfer that breaks off goes on where it ended when the command is run again. A server
may be running on the data directory: it finds the files when it needs them.

  --from URL|DIR   where the files are, instead of at Keras' own place: a web address that ends in the file's name or in
                   "/", a folder, or one file. They must be Keras' own files; what they hold is checked.
  --data-dir DIR   the server's data directory (also: SQLENS_DATA_DIR)

Without a network, fetch the file on another machine and name the folder that it is in:

  sqlens model pull InceptionV3 --from /media/usb
`;

export interface PullIo {
  print(text: string): void;
  /** One line about what takes a while. */
  note(text: string): void;
  readonly signal: AbortSignal;
  /** Finds a model by its name; throws 42704 when there is none. */
  readonly findModel?: (name: string) => NamedModel;
}

/** @returns the exit code */
export async function pullCommand(
  args: readonly string[],
  environment: NodeJS.ProcessEnv,
  io: PullIo,
): Promise<number> {
  const { positionals: names, values } = parsed(args);
  if (names.length === 0) throw usage('which model?', 'sqlens model pull MobileNetV2');
  const models = names.map(io.findModel ?? namedModel);
  const flags = (['data-dir', 'config'] as const).flatMap((flag) => {
    const value = values[flag];
    return value === undefined ? [] : [`--${flag}`, value];
  });
  const dataDir = await usableDataDir(readConfig(flags, environment).dataDir);
  const store = new WeightsStore(dataDir);
  for (const model of models) {
    const { top } = model.weights;
    const origin = await originOf(values.from, top);
    const wasThere = await store
      .pull(top, origin, { signal: io.signal, onProgress: io.note })
      .catch((error: unknown) => {
        throw withHint(model, top, error);
      });
    io.print(`${model.name}: ${store.pathOf(top)}${wasThere ? ' was there already' : ''}\n`);
    if (top.hash === undefined && !wasThere) {
      io.note(`Keras publishes no hash for ${top.file}: what it holds could not be checked`);
    }
  }
  return 0;
}

function parsed(args: readonly string[]) {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args: [...args],
      options: { from: text, 'data-dir': text, config: text },
      allowPositionals: true,
    });
  } catch (error) {
    throw usage(messageOf(error), 'sqlens model pull --help');
  }
}

async function usableDataDir(folder: string): Promise<string> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return await realpath(folder);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.ioError,
      message: `the data directory ${path.resolve(folder)} cannot be used: ${messageOf(error)}`,
      hint: 'Name the one that the server has with --data-dir.',
      cause: error,
    });
  }
}

/** @param from as the user wrote it; undefined: Keras' own place */
async function originOf(from: string | undefined, weights: WeightsFile): Promise<WeightsOrigin> {
  if (from === undefined) return { kind: 'url', url: weights.url };
  if (/^https?:\/\//i.test(from)) {
    if (!URL.canParse(from)) throw usage(`"${from}" is not a valid URL`, 'Write https://host/path/.');
    return {
      kind: 'url',
      url: /\.h5(?:[?#]|$)/.test(from) ? from : `${from.replace(/\/$/, '')}/${weights.file}`,
    };
  }
  const found = await stat(from).catch(() => undefined);
  if (found === undefined) {
    throw usage(`${path.resolve(from)} is not there`, 'Name the folder that the file is in with --from.');
  }
  return { kind: 'file', path: found.isDirectory() ? path.join(from, weights.file) : from };
}

function withHint(model: NamedModel, weights: WeightsFile, error: unknown): unknown {
  if (!(error instanceof SqlensError) || error.hint !== undefined) return error;
  return new SqlensError({
    sqlState: error.sqlState,
    message: error.message,
    hint: `Bring ${weights.file} (${weights.url}) to this machine and run: sqlens model pull ${model.name} --from DIR`,
    cause: error,
  });
}

function usage(message: string, hint: string): SqlensError {
  return new SqlensError({ sqlState: SqlState.invalidParameterValue, message, hint });
}
