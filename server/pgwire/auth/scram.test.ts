import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FatalProtocolError } from '../codec/protocol-error.ts';
import { Credentials } from './credentials.ts';
import { mockSecret, ScramExchange, scramSecret } from './scram.ts';

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
  return new ScramExchange(scramSecret(password, rfc.salt), rfc.serverNonce);
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
  const unknown = credentials.secretOf('nobody');
  const known = credentials.secretOf('user');
  assert.equal(unknown.iterations, known.iterations);
  assert.equal(unknown.salt.length, known.salt.length);
  assert.deepEqual(unknown.salt, credentials.secretOf('nobody').salt);
  assert.deepEqual(new Credentials('pencil').secretOf('a').iterations, 4096);
});
