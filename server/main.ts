/** The command line: `sqlens serve | demo | user | model inspect | --help | --version`. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import pino from 'pino';
import { messageOf, SqlensError, SqlState } from '../common/errors.ts';
import { SQLENS_VERSION } from '../common/version.ts';
import { compileInChild, modelSize_bytes, printable, summaryText, withParts } from '../models/index.ts';
import { type Config, configHelp, readConfig } from './config.ts';
import { runDemo } from './demo.ts';
import { firstLine, readHidden } from './password-prompt.ts';
import { compileMemory_bytes } from './query/ddl/create-model.ts';
import { startServer } from './start.ts';
import { USER_USAGE, userCommand } from './user-command.ts';
import { PULL_USAGE, pullCommand } from './zoo/pull-command.ts';

const USAGE = `Usage: sqlens <command>

  serve [options]           serves SQL over the Postgres protocol until it is stopped
  demo [options]            serves, runs a tour of statements over the socket, prints their rows, stops
  user add|list|remove      who may connect: the lines of a password file
  model inspect FILE        prints what a model file is made of
  model pull NAME           brings the weights of a named model into the data directory
  --version
  <command> --help

Without installing it, type "node bin/sqlens.cjs" for "sqlens".
`;

const INSPECT_USAGE = 'Usage: sqlens model inspect FILE\n';

async function main(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  switch (command) {
    case 'serve':
      return wantsHelp(rest) ? print(configHelp()) : serve(readConfig(rest, process.env));
    case 'demo':
      return wantsHelp(rest) ? print(configHelp().replace('sqlens serve', 'sqlens demo')) : demo(rest);
    case 'model':
      if (rest[0] === 'pull') return wantsHelp(rest) ? print(PULL_USAGE) : pull(rest.slice(1));
      return wantsHelp(rest) ? print(INSPECT_USAGE) : inspect(rest);
    case 'user':
      return wantsHelp(rest) || rest.length === 0 ? print(USER_USAGE) : user(rest);
    case '--version':
    case '-v':
      return print(`sqlens ${SQLENS_VERSION}\n`);
    case undefined:
    case '--help':
    case '-h':
    case 'help':
      return print(USAGE);
    default:
      process.stderr.write(`sqlens: there is no command "${command}"\n\n${USAGE}`);
      return 2;
  }
}

async function serve(config: Config): Promise<number> {
  const logger = pino({ level: config.logLevel }, pino.destination(2));
  const stopped = new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
  const server = await startServer(config, { logger, onProgress: note });
  // Where there is nothing to read again, the signal of a closed terminal ends the server as it ends others.
  if (server.reload !== undefined) process.on('SIGHUP', server.reload);
  const { address, port } = server.pgAddress;
  print(`SQLens is ready. Connect with:\n\n  psql -h ${reachable(address)} -p ${port} sqlens\n\n`);
  print(`HTTP: http://${hostOf(reachable(server.httpAddress.address))}:${server.httpAddress.port}/docs\n`);
  await stopped;
  note('stopping');
  await server.close();
  return 0;
}

async function demo(args: readonly string[]): Promise<number> {
  const config = readConfig(args, process.env);
  const logger = pino(
    { level: args.includes('--log-level') ? config.logLevel : 'error' },
    pino.destination(2),
  );
  // Beside a server that may be running, with the same data directory only when it is free.
  const server = await startServer({ ...config, port: 0, httpPort: 0 }, { logger, onProgress: note });
  try {
    await runDemo(server, print);
    return 0;
  } finally {
    await server.close();
  }
}

function user(args: readonly string[]): Promise<number> {
  return userCommand(args, process.env, {
    print,
    readPassword: (prompt) =>
      process.stdin.isTTY ? readHidden(prompt, process.stdin, process.stderr) : firstLine(process.stdin),
    isInteractive: process.stdin.isTTY,
  });
}

async function pull(args: readonly string[]): Promise<number> {
  const stop = new AbortController();
  const interrupted = () => stop.abort(new Error('interrupted; what has come so far is kept'));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  return pullCommand(args, process.env, { print, note, signal: stop.signal });
}

async function inspect(args: readonly string[]): Promise<number> {
  const [verb, file, ...more] = args;
  if (verb !== 'inspect' || file === undefined || more.length > 0) {
    process.stderr.write(INSPECT_USAGE);
    return 2;
  }
  const source = await withParts(
    { name: path.basename(file), bytes: await readModelFile(file) },
    ({ name }) => readModelFile(path.join(path.dirname(file), name)),
  );
  const limits = { memory_bytes: compileMemory_bytes(modelSize_bytes(source)), timeout_ms: 120_000 };
  const { manifest } = await compileInChild(source, { preprocess: 'none', output: undefined }, limits);
  print(summaryText(source.name, manifest));
  return 0;
}

async function readModelFile(file: string): Promise<Uint8Array> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.undefinedFile,
      message: `the model file ${path.resolve(file)} cannot be read: ${messageOf(error)}`,
      hint: 'model inspect takes the path of one .h5, .keras, .onnx or model.json file.',
      cause: error,
    });
  }
}

function wantsHelp(args: readonly string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** An address that this machine's clients can connect to, also where the server listens on all. */
function reachable(address: string): string {
  return address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address;
}

function hostOf(address: string): string {
  return address.includes(':') ? `[${address}]` : address;
}

function note(message: string): void {
  process.stderr.write(`sqlens: ${message}\n`);
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const hint = error instanceof SqlensError && error.hint !== undefined ? `\n  ${error.hint}` : '';
    const lines = `sqlens: ${messageOf(error)}${hint}`.split('\n');
    process.stderr.write(`${lines.map(printable).join('\n')}\n`);
    process.exitCode = 1;
  },
);
