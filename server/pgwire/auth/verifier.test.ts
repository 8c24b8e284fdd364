import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SqlensError } from '../../../common/errors.ts';
import { scramSecret } from './scram.ts';
import { parseVerifier, verifierText } from './verifier.ts';

/** rolpassword of PostgreSQL 15's pg_authid, after CREATE ROLE … PASSWORD. */
const fromPostgres: readonly (readonly [password: string, rolpassword: string])[] = [
  [
    'Grün$:x',
    'SCRAM-SHA-256$4096:fwkOZ9Yq4/5g+t94FYSTaA==$jHRYgTH40KDasgUdcNNXnXBXEq8g3nnaI/12gKPNiJs=:iEW5CD3fXctj0E3YAsowmY/CFaoF9XF4lZ5uA125tO8=',
  ],
  [
    'Ⅸ',
    'SCRAM-SHA-256$4096:xUXhIQ9vdjlCjg6jrEPRMQ==$GOw/6c7hJar5OYjKhR/DWyCNg+eTrEt/70Pe2ciclJ0=:wy++yPoTMDE8u2qplUg1ZIrHw5Qw/4+s/5sBNb8CGUc=',
  ],
];

test('verifiers are those of PostgreSQL, to the byte', () => {
  for (const [password, rolpassword] of fromPostgres) {
    const secret = parseVerifier(rolpassword);
    assert.equal(verifierText(secret), rolpassword);
    assert.equal(verifierText(scramSecret(password, secret.salt, secret.iterations)), rolpassword);
  }
});

test('what is none is refused, and not repeated in the message', () => {
  const good = verifierText(scramSecret('x', Buffer.alloc(16, 7)));
  const bad = [
    '',
    'hunter2',
    'md5a6343a68d964ca596d9752250d54bb8a',
    good.replace('SCRAM-SHA-256', 'SCRAM-SHA-512'),
    good.replace('4096', '0'),
    good.replace('4096', '999999999'),
    good.replace('4096', '-1'),
    good.slice(0, -8),
    good.replace('BwcH', 'Bw*H'),
    `${good}:x`,
    good.replace('$4096:', '$4096::'),
  ];
  for (const text of bad) {
    assert.throws(
      () => parseVerifier(text),
      (error) =>
        error instanceof SqlensError &&
        error.sqlState === '22023' &&
        error.hint !== undefined &&
        (text === '' || !error.message.includes(text)),
      text,
    );
  }
});
