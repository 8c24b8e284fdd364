import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { tlsIdentity } from './pgwire/auth/tls.ts';
import type { Passwords, TlsPem } from './pgwire/index.ts';
import { passwordLine, scramSecret, type WireServer } from './pgwire/index.ts';
import { eventually } from './pgwire/testing/harness.ts';
import { Security, type SecurityOptions } from './security.ts';

const fixture = (name: string) =>
  readFile(new URL(`pgwire/testing/fixtures/${name}.pem`, import.meta.url), 'utf8');
const line = (name: string) => `${passwordLine(name, { role: 'analyst', secret: scramSecret('x') })}\n`;

/** A folder with users, certificate and key, a server that takes note of what it is given, and the log. */
class Setup {
  readonly folder: string;
  readonly logged: string[] = [];
  readonly given: string[] = [];
  readonly logger = {
    debug: () => undefined,
    info: (_: object, message: string) => void this.logged.push(`info: ${message}`),
    warn: (_: object, message: string) => void this.logged.push(`warn: ${message}`),
    error: (_: object, message: string) => void this.logged.push(`error: ${message}`),
  };
  readonly wire: WireServer = {
    tls: undefined,
    address: undefined,
    connectionCount: 0,
    listen: () => Promise.reject(new Error('unused')),
    close: () => Promise.resolve(),
    useTls: (pem: TlsPem) => {
      const identity = tlsIdentity(pem);
      this.given.push('certificate');
      return identity;
    },
    usePasswords: (passwords: Passwords) => {
      assert.ok(typeof passwords === 'object');
      this.given.push([...passwords.keys()].join(','));
    },
  };

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async run(work: (setup: Setup) => Promise<void>): Promise<void> {
    const setup = new Setup(await mkdtemp(path.join(tmpdir(), 'sqlens-security-')));
    try {
      await setup.write('users', line('anna'));
      await setup.write('cert.pem', await fixture('test-cert'));
      await setup.write('key.pem', await fixture('test-key'));
      await work(setup);
    } finally {
      await rm(setup.folder, { recursive: true });
    }
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** As editors and tools write: beside it, then in its place. */
  async write(name: string, text: string, mode = 0o600): Promise<void> {
    await writeFile(this.path('draft'), text, { mode });
    await rename(this.path('draft'), this.path(name));
  }

  security(options: Partial<SecurityOptions> = {}): Security {
    return new Security(
      {
        password: undefined,
        passwordFile: this.path('users'),
        tlsCert: this.path('cert.pem'),
        tlsKey: this.path('key.pem'),
        tlsChain: undefined,
        ...options,
      },
      this.logger,
    );
  }
}

test('a reload hands on what is good, and says what is not', () =>
  Setup.run(async (setup) => {
    const security = setup.security();
    assert.ok(typeof security.passwords === 'object' && security.passwords.has('anna'));
    assert.ok(security.hasFiles);
    security.follow(setup.wire, 3_600_000);
    try {
      await setup.write('users', line('anna') + line('bert'));
      security.reload();
      assert.deepEqual(setup.given.splice(0), ['anna,bert', 'certificate']);
      await setup.write('users', `${line('anna')}bert:analyst:hunter2\n`);
      await setup.write('key.pem', 'no key');
      security.reload();
      assert.deepEqual(setup.given.splice(0), []);
      const problems = setup.logged.filter((entry) => entry.startsWith('error'));
      assert.equal(problems.length, 2);
      assert.match(
        problems[0] ?? '',
        /the password file was not replaced: .*users, line 2: the verifier cannot be read/,
      );
      assert.match(problems[1] ?? '', /the TLS certificate was not replaced: .* cannot be used/);
      assert.ok(!setup.logged.join().includes('hunter2'));
      // Nobody left is an answer, too: whoever was there must not come in any more.
      await setup.write('users', '');
      security.reload();
      assert.deepEqual(setup.given.splice(0), ['']);
      await rm(setup.path('users'));
      security.reload();
      assert.deepEqual(setup.given.splice(0), []);
    } finally {
      security.close();
    }
  }));

test('the password file is read again when it changes, until the server closes', () =>
  Setup.run(async (setup) => {
    const security = setup.security();
    security.follow(setup.wire, 20);
    await setup.write('users', line('anna') + line('carl'));
    await eventually(() => setup.given.includes('anna,carl'), 'the change is seen');
    security.close();
    await setup.write('users', line('dora'));
    security.reload();
    assert.ok(!setup.given.includes('dora'));
  }));

test('what cannot be used at start is said at start', () =>
  Setup.run(async (setup) => {
    assert.throws(() => setup.security({ passwordFile: setup.path('none') }), { sqlState: '58P01' });
    assert.throws(() => setup.security({ tlsKey: setup.path('none') }), /--tls-key .* cannot be read/);
    assert.throws(() => setup.security({ tlsChain: setup.path('none') }), /--tls-chain .* cannot be read/);
    await setup.write('users', '# nobody\n');
    assert.throws(() => setup.security(), /has no users/);
    const without = setup.security({ passwordFile: undefined, tlsCert: undefined, tlsKey: undefined });
    assert.deepEqual([without.passwords, without.tls, without.hasFiles], [undefined, undefined, false]);
    assert.equal(setup.security({ passwordFile: undefined, password: 'x' }).passwords, 'x');
  }));

test('a private key that others can read is pointed at', { skip: process.platform === 'win32' }, () =>
  Setup.run(async (setup) => {
    setup.security();
    assert.deepEqual(setup.logged, []);
    await setup.write('key.pem', await fixture('test-key'), 0o644);
    setup.security();
    assert.deepEqual(setup.logged, ['warn: the private key can be read by others']);
  }),
);
