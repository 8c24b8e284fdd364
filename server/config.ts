/**
 * What a server is told: one table of options, from which come the flags, the SQLENS_… variables, the keys of a
 * configuration file and --help. Flags win over variables, variables over the file.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { SqlensError, SqlState } from '../common/errors.ts';

export interface Config {
  readonly host: string;
  readonly port: number;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly dataDir: string;
  readonly allowPaths: readonly string[];
  readonly allowBuckets: readonly string[] | undefined;
  readonly allowHttp: boolean;
  readonly workers: number;
  readonly threads: number;
  readonly engineThreads: number;
  readonly engineMemory_bytes: number;
  readonly empty: boolean;
  readonly password: string | undefined;
  readonly passwordFile: string | undefined;
  readonly httpToken: string | undefined;
  readonly tlsCert: string | undefined;
  readonly tlsKey: string | undefined;
  readonly tlsChain: string | undefined;
  readonly requireTls: boolean;
  readonly maxConnections: number;
  readonly s3Endpoint: string | undefined;
  readonly s3Region: string;
  readonly logLevel: string;
}

type OptionKind = 'string' | 'strings' | 'integer' | 'flag';

interface OptionDefinition {
  /** Flag without dashes; SQLENS_ and upper case makes the variable. */
  readonly name: string;
  readonly kind: OptionKind;
  readonly placeholder?: string;
  readonly initial?: string;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  readonly help: string;
  /** Other variables that are read when SQLENS_… is not set: those that everyone knows. */
  readonly alsoVariables?: readonly string[];
}

const GIB = 2 ** 30;
const DEFAULT_ENGINE_MEMORY_MB = Math.max(512, Math.min(4096, Math.floor(totalmem() / 4 / 2 ** 20)));

const OPTIONS = [
  {
    name: 'port',
    kind: 'integer',
    initial: '5433',
    min: 0,
    max: 65535,
    help: 'port of the Postgres protocol (0: any free one)',
  },
  {
    name: 'http-port',
    kind: 'integer',
    initial: '8080',
    min: 0,
    max: 65535,
    help: 'port of the HTTP interface (0: any free one)',
  },
  {
    name: 'host',
    kind: 'string',
    placeholder: 'ADDRESS',
    initial: '127.0.0.1',
    help: 'address to listen on; beyond loopback a password and a token are needed',
  },
  {
    name: 'data-dir',
    kind: 'string',
    placeholder: 'DIR',
    initial: './sqlens-data',
    help: 'where models, tables and samples are kept',
  },
  {
    name: 'allow-path',
    kind: 'strings',
    placeholder: 'DIR',
    help: 'folder that SQL may read and write files in (repeatable; none unless named)',
  },
  {
    name: 'allow-bucket',
    kind: 'strings',
    placeholder: 'URI',
    help: 's3://bucket/prefix/ that SQL may read (repeatable; unless named, every bucket the credentials reach)',
  },
  {
    name: 'allow-http',
    kind: 'flag',
    help: 'let SQL read images and models from public http(s):// addresses',
  },
  {
    name: 'workers',
    kind: 'integer',
    initial: String(availableParallelism()),
    min: 1,
    max: 256,
    help: 'worker processes',
  },
  {
    name: 'threads',
    kind: 'integer',
    initial: '1',
    min: 1,
    max: 256,
    help: 'threads of one model run inside a worker',
  },
  {
    name: 'engine-threads',
    kind: 'integer',
    initial: String(availableParallelism()),
    min: 1,
    max: 256,
    help: 'threads of the SQL engine',
  },
  {
    name: 'engine-memory',
    kind: 'integer',
    placeholder: 'MIB',
    initial: String(DEFAULT_ENGINE_MEMORY_MB),
    min: 128,
    max: 1024 * 1024,
    help: 'memory of the SQL engine; beyond it spills to the data directory',
  },
  { name: 'empty', kind: 'flag', help: 'no sample table and model in a new data directory' },
  {
    name: 'password',
    kind: 'string',
    placeholder: 'TEXT',
    help: 'password of every user, all of them admins (better given as SQLENS_PASSWORD)',
  },
  {
    name: 'password-file',
    kind: 'string',
    placeholder: 'FILE',
    help: 'users with roles and verifiers, as "sqlens user add" writes them; read again when it changes',
  },
  {
    name: 'http-token',
    kind: 'string',
    placeholder: 'TEXT',
    help: 'token of the HTTP interface (better given as SQLENS_HTTP_TOKEN)',
  },
  {
    name: 'http-host',
    kind: 'string',
    placeholder: 'ADDRESS',
    help: 'address of the HTTP interface (the same as --host unless given)',
  },
  { name: 'tls-cert', kind: 'string', placeholder: 'FILE', help: 'certificate, PEM: makes TLS possible' },
  {
    name: 'tls-key',
    kind: 'string',
    placeholder: 'FILE',
    help: 'its private key, PEM, without a passphrase; SIGHUP reads both again',
  },
  {
    name: 'tls-chain',
    kind: 'string',
    placeholder: 'FILE',
    help: 'certificates between it and the root, PEM, when --tls-cert does not hold them',
  },
  { name: 'require-tls', kind: 'flag', help: 'refuse connections that are not encrypted' },
  {
    name: 'max-connections',
    kind: 'integer',
    initial: '100',
    min: 1,
    max: 100_000,
    help: 'connections at once; one more is refused',
  },
  {
    name: 's3-endpoint',
    kind: 'string',
    placeholder: 'URL',
    help: 'S3 endpoint other than AWS, with path-style addresses',
    alsoVariables: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
  },
  {
    name: 's3-region',
    kind: 'string',
    placeholder: 'NAME',
    initial: 'us-east-1',
    help: 'S3 region',
    alsoVariables: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
  },
  {
    name: 'log-level',
    kind: 'string',
    initial: 'info',
    choices: ['debug', 'info', 'warn', 'error', 'silent'],
    help: 'how much is logged, as JSON lines on stderr',
  },
  { name: 'config', kind: 'string', placeholder: 'FILE', help: 'JSON file with these options by name' },
] as const satisfies readonly OptionDefinition[];

type OptionName = (typeof OPTIONS)[number]['name'];
type Values = Map<OptionName, readonly string[]>;

/**
 * @param args the command line behind `serve`
 * @throws 22023 naming the option that is wrong
 */
export function readConfig(args: readonly string[], environment: NodeJS.ProcessEnv): Config {
  const flags = readFlags(args);
  const file = flags.get('config')?.[0] ?? environment.SQLENS_CONFIG;
  const values: Values = new Map([
    ...defaults(),
    ...(file === undefined ? [] : readFile(file)),
    ...readVariables(environment),
    ...flags,
  ]);
  const one = (name: OptionName) => values.get(name)?.at(-1);
  const text = (name: OptionName) => one(name) ?? '';
  const number = (name: OptionName) => integer(definitionOf(name), text(name));
  const flag = (name: OptionName) => boolean(name, one(name));
  choice('log-level', text('log-level'));
  if ((one('tls-cert') === undefined) !== (one('tls-key') === undefined)) {
    throw wrong('tls-cert', 'needs --tls-key beside it, and the other way round');
  }
  for (const name of ['tls-chain', 'require-tls'] as const) {
    const isSet = name === 'tls-chain' ? one(name) !== undefined : flag(name);
    if (isSet && one('tls-cert') === undefined) throw wrong(name, 'needs --tls-cert and --tls-key');
  }
  if (one('password') !== undefined && one('password-file') !== undefined) {
    throw wrong('password', '(SQLENS_PASSWORD) and --password-file exclude one another');
  }
  return {
    host: text('host'),
    port: number('port'),
    httpHost: one('http-host') ?? text('host'),
    httpPort: number('http-port'),
    dataDir: text('data-dir'),
    allowPaths: values.get('allow-path') ?? [],
    allowBuckets: values.get('allow-bucket'),
    allowHttp: flag('allow-http'),
    workers: number('workers'),
    threads: number('threads'),
    engineThreads: number('engine-threads'),
    engineMemory_bytes: number('engine-memory') * (GIB / 1024),
    empty: flag('empty'),
    password: one('password'),
    passwordFile: one('password-file'),
    httpToken: one('http-token'),
    tlsCert: one('tls-cert'),
    tlsKey: one('tls-key'),
    tlsChain: one('tls-chain'),
    requireTls: flag('require-tls'),
    maxConnections: number('max-connections'),
    s3Endpoint: one('s3-endpoint'),
    s3Region: text('s3-region'),
    logLevel: text('log-level'),
  };
}

/** The text of `sqlens serve --help`. */
export function configHelp(): string {
  const lines = OPTIONS.map((option: OptionDefinition) => {
    const flag = option.kind === 'flag' ? `--${option.name}` : `--${option.name} ${placeholderOf(option)}`;
    const initial = option.initial === undefined ? '' : ` [${option.initial}]`;
    return `  ${flag.padEnd(26)} ${option.help}${initial}\n  ${''.padEnd(26)} ${variableOf(option.name)}`;
  });
  return `Usage: sqlens serve [options]\n\n${lines.join('\n')}\n`;
}

function placeholderOf(option: OptionDefinition): string {
  if (option.choices !== undefined) return option.choices.join('|');
  return option.placeholder ?? (option.kind === 'integer' ? 'N' : 'TEXT');
}

function variableOf(name: string): string {
  return `SQLENS_${name.toUpperCase().replaceAll('-', '_')}`;
}

function definitionOf(name: OptionName): OptionDefinition {
  const definition = OPTIONS.find((option) => option.name === name);
  if (definition === undefined) throw wrong(name, 'is unknown');
  return definition;
}

function defaults(): Values {
  const values: Values = new Map();
  for (const option of OPTIONS) if ('initial' in option) values.set(option.name, [option.initial]);
  return values;
}

function readFlags(args: readonly string[]): Values {
  const flagOptions = OPTIONS.map((option: OptionDefinition) => [
    option.name,
    { type: option.kind === 'flag' ? 'boolean' : 'string', multiple: true } as const,
  ]);
  const spec: Record<string, { type: 'boolean' | 'string'; multiple: true }> =
    Object.fromEntries(flagOptions);
  let parsed: Record<string, (string | boolean)[] | undefined>;
  try {
    parsed = parseArgs({ args: [...args], options: spec, strict: true, allowPositionals: false }).values;
  } catch (error) {
    throw new SqlensError({
      sqlState: SqlState.invalidParameterValue,
      message: error instanceof Error ? error.message : String(error),
      hint: 'sqlens serve --help lists the options.',
    });
  }
  const values: Values = new Map();
  for (const { name } of OPTIONS) {
    const given = parsed[name];
    if (given !== undefined) values.set(name, given.map(String));
  }
  return values;
}

function readVariables(environment: NodeJS.ProcessEnv): Values {
  const values: Values = new Map();
  for (const option of OPTIONS as readonly (OptionDefinition & { name: OptionName })[]) {
    const names = [variableOf(option.name), ...(option.alsoVariables ?? [])];
    const given = names.map((name) => environment[name]).find((value) => value !== undefined && value !== '');
    if (given !== undefined) values.set(option.name, option.kind === 'strings' ? given.split(',') : [given]);
  }
  return values;
}

function readFile(file: string): Values {
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw wrong('config', `${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof json !== 'object' || json === null) throw wrong('config', `${file} is not a JSON object`);
  const values: Values = new Map();
  for (const [name, value] of Object.entries(json)) {
    const option = OPTIONS.find((known) => known.name === name);
    if (option === undefined) throw wrong('config', `${file} has an option "${name}", which does not exist`);
    values.set(option.name, Array.isArray(value) ? value.map(String) : [String(value)]);
  }
  return values;
}

function integer(option: OptionDefinition, text: string): number {
  const value = Number(text);
  const { min = 0, max = Number.MAX_SAFE_INTEGER } = option;
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw wrong(option.name, `takes a whole number from ${min} to ${max}, not "${text}"`);
  }
  return value;
}

function boolean(name: string, text: string | undefined): boolean {
  if (text === undefined || /^(false|0|no|off)$/i.test(text)) return false;
  if (/^(true|1|yes|on)$/i.test(text)) return true;
  throw wrong(name, `is either true or false, not "${text}"`);
}

function choice(name: OptionName, text: string): void {
  const { choices } = definitionOf(name);
  if (choices !== undefined && !choices.includes(text)) throw wrong(name, `is one of ${choices.join(', ')}`);
}

function wrong(name: string, what: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: `--${name} ${what}`,
    hint: 'sqlens serve --help lists the options.',
  });
}
