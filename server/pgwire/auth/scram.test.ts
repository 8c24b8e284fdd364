import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, test } from 'node:test';
import { FatalProtocolError } from '../codec/protocol-error.ts';
import { Credentials } from './credentials.ts';
import { mockSecret, ScramExchange, scramMechanism, scramPlusMechanism, scramSecret } from './scram.ts';

/** The example of RFC 7677, section 3: user "user", password "pencil". */
const rfc = {
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  clientFirst: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
};

function rfcExchange(password: string): ScramExchange {
  return new ScramExchange(scramSecret(password, rfc.salt), undefined, rfc.serverNonce);
}

test('the example of RFC 7677', () => {
  const exchange = rfcExchange('pencil');
  assert.equal(exchange.first(rfc.clientFirst), rfc.serverFirst);
  assert.equal(exchange.final(rfc.clientFinal), rfc.serverFinal);
});

test('a wrong password fails at the end, not before', () => {
  const exchange = rfcExchange('pencils');
  assert.equal(exchange.first(rfc.clientFirst), rfc.serverFirst);
  assert.equal(exchange.final(rfc.clientFinal), undefined);
});

test('passwords are normalised by SASLprep', () => {
  // RFC 4013: a soft hyphen maps to nothing, and the Roman numeral nine to the letters IX.
  assert.deepEqual(scramSecret('I\u00adX', rfc.salt), scramSecret('IX', rfc.salt));
  assert.deepEqual(scramSecret('\u2168', rfc.salt), scramSecret('IX', rfc.salt));
  // What SASLprep prohibits (a control character) still makes a password.
  assert.notDeepEqual(scramSecret('a\u0007', rfc.salt), scramSecret('a', rfc.salt));
});

test('malformed and dishonest messages are refused', () => {
  for (const first of [
    '',
    'n,,',
    'n,,n=user',
    'n,,r=abc',
    'p=tls-unique,,n=user,r=abc',
    'n,a=admin,n=user,r=abc',
    'n,,m=x,n=user,r=abc',
    'n,,n=user,r=a bc',
  ]) {
    assert.throws(() => rfcExchange('pencil').first(first), FatalProtocolError, first);
  }
  for (const final of [
    '',
    rfc.clientFinal.replace('c=biws', 'c=eSws'),
    rfc.clientFinal.replace('r=rOpr', 'r=xOpr'),
    rfc.clientFinal.replace('rNGf', 'r'),
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=AAAA',
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  ]) {
    const exchange = rfcExchange('pencil');
    exchange.first(rfc.clientFirst);
    assert.throws(() => exchange.final(final), FatalProtocolError, final);
  }
});

test('a final message without a first proves nothing', () => {
  assert.throws(() => rfcExchange('pencil').final(rfc.clientFinal), FatalProtocolError);
});

test('every exchange has a nonce of its own', () => {
  const secret = scramSecret('pencil', rfc.salt);
  const nonces = new Set(Array.from({ length: 100 }, () => new ScramExchange(secret).first(rfc.clientFirst)));
  assert.equal(nonces.size, 100);
});

test('a user who does not exist looks like one who does', () => {
  const key = Buffer.alloc(32, 1);
  assert.deepEqual(mockSecret('nobody', key).salt, mockSecret('nobody', key).salt);
  assert.notDeepEqual(mockSecret('nobody', key).salt, mockSecret('nobody2', key).salt);
  const credentials = new Credentials(new Map([['user', 'pencil']]));
  const unknown = credentials.find('nobody').secret;
  const known = credentials.find('user').secret;
  assert.equal(unknown.iterations, known.iterations);
  assert.equal(unknown.salt.length, known.salt.length);
  assert.deepEqual(unknown.salt, credentials.find('nobody').secret.salt);
  assert.deepEqual(new Credentials('pencil').find('a').secret.iterations, 4096);
  assert.deepEqual([credentials.find('nobody').role, credentials.find('user').role], [undefined, 'admin']);
  // A reload changes nothing for them, and they look like those who came from another server.
  const copied = { role: 'analyst', secret: scramSecret('x', Buffer.alloc(12), 5000) } as const;
  const reloaded = new Credentials(new Map([['copied', copied]]), credentials).find('nobody').secret;
  assert.deepEqual(reloaded.salt, unknown.salt.subarray(0, 12));
  assert.equal(reloaded.iterations, 5000);
});

describe('channel binding', () => {
  const endPoint = Buffer.from('the hash of a certificate');
  const secret = scramSecret('pencil', rfc.salt);
  const plus = { mechanism: scramPlusMechanism, endPoint } as const;
  const first = 'p=tls-server-end-point,,n=,r=abc';

  /** What a client answers that knows the password and sees this certificate. */
  function proof(serverFirst: string, header: Buffer): string {
    const nonce = /^r=([^,]+)/.exec(serverFirst)?.[1];
    const withoutProof = `c=${header.toString('base64')},r=${nonce}`;
    const salted = pbkdf2Sync('pencil', rfc.salt, 4096, 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    const storedKey = createHash('sha256').update(clientKey).digest();
    const message = `n=,r=abc,${serverFirst},${withoutProof}`;
    const signature = createHmac('sha256', storedKey).update(message).digest();
    return `${withoutProof},p=${Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64')}`;
  }

  test('the right certificate passes, another is refused even with the right password', () => {
    for (const [seen, passes] of [
      [endPoint, true],
      [Buffer.from('of another one'), false],
      [Buffer.alloc(0), false],
    ] as const) {
      const exchange = new ScramExchange(secret, plus);
      const header = Buffer.concat([Buffer.from('p=tls-server-end-point,,'), seen]);
      const final = proof(exchange.first(first), header);
      if (passes) assert.match(exchange.final(final) ?? '', /^v=/);
      else assert.throws(() => exchange.final(final), { sqlState: '28000' });
    }
  });

  test('a client that was told of no binding although it was offered is warned', () => {
    const offered = { mechanism: scramMechanism, endPoint } as const;
    assert.throws(() => new ScramExchange(secret, offered).first('y,,n=,r=abc'), { sqlState: '28000' });
    assert.match(new ScramExchange(secret, offered).first('n,,n=,r=abc'), /^r=abc/);
    const exchange = new ScramExchange(secret);
    const final = proof(exchange.first('y,,n=,r=abc'), Buffer.from('y,,'));
    assert.match(exchange.final(final) ?? '', /^v=/);
  });

  test('mechanism and message must agree', () => {
    for (const flag of ['n', 'y', 'p=tls-unique', 'p=', 'p=tls-exporter']) {
      assert.throws(() => new ScramExchange(secret, plus).first(`${flag},,n=,r=abc`), { sqlState: '08P01' });
    }
    assert.throws(() => new ScramExchange(secret).first(first), { sqlState: '08P01' });
  });
});
