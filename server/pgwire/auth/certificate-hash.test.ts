import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { endPointHash } from './certificate-hash.ts';

const der = (name: string): Buffer =>
  new X509Certificate(readFileSync(new URL(`fixtures/${name}.pem`, import.meta.url))).raw;

describe('the hash that logins are bound to', () => {
  /** What fixtures/generate-certificates.sh printed: `openssl x509 -fingerprint` with the hash of the signature. */
  const expected: readonly (readonly [name: string, fingerprint: string | undefined])[] = [
    [
      'ecdsa-sha384',
      'B37E463C9B3FE593EAEBC298A1D853C9BD33F8C1FD205E22652BB6F58F355A8313E3914F228186CD8E6B54A6DE0C4A46',
    ],
    [
      'ecdsa-sha512',
      '34F779CE9027C6AD403638F1780328FD89CD176905DBF9076C9E04B44BFBEF493D08580D8805FBA1C2BE484D68E23743537E652F623CAD24397D3EDB4321D4A4',
    ],
    ['rsa-md5', '2DE57D533D379B7848CDDB33A3E7AF9B8A5F526EEF5BA968B5FC063101456F4A'],
    ['rsa-sha1', 'B4907E20ABC07F27B09DEA51D99AA9B8C2BA49572D29E6B46651FAB7DD2DDAE9'],
    ['rsa-sha256', '567AB987744585716104A99487DFAFF5EF85B492E87F5143B7D53C5581D9D621'],
    [
      'rsa-sha384',
      '363D5BB978F63D2132A7A0B8A409102E26D416846B39E252EB5BDE8BDE3D799358DD4FECCE67FE9F48DB2E1ACD231E3D',
    ],
    [
      'rsa-sha512',
      'DB30A23FC44CE41CDC8149B35C028CFB2DEBF9099D8BC743C1F86BD0AC0D953D4F7F68B794792DEC03E3C890538BC37DBBB0814BFE979FCDAE151A32E9B4A1C4',
    ],
    ['rsa-pss', undefined],
    ['ed25519', undefined],
  ];
  for (const [name, fingerprint] of expected) {
    test(name, () => assert.equal(endPointHash(der(name))?.toString('hex').toUpperCase(), fingerprint));
  }

  test('what is no certificate has none', () => {
    const whole = der('rsa-sha256');
    for (const bytes of [Buffer.alloc(0), Buffer.from('no certificate'), Buffer.from('308500', 'hex')]) {
      assert.equal(endPointHash(bytes), undefined);
    }
    for (let length = 0; length < whole.length; length += 7) {
      assert.equal(endPointHash(whole.subarray(0, length)), undefined);
    }
  });
});
