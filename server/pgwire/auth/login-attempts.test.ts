import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SqlensError } from '../../../common/errors.ts';
import { LoginAttempts, networkOf } from './login-attempts.ts';

const far = '192.0.2.7';

class Clock {
  now_ms = 0;
  readonly attempts: LoginAttempts;

  constructor(maxAddresses?: number) {
    this.attempts = new LoginAttempts(() => this.now_ms, maxAddresses);
  }

  /** One login from begin to end: what it came to. */
  login(address: string, user: string, right = false): 'in' | 'wrong' | string {
    try {
      const attempt = this.attempts.begin(address, user);
      if (right) attempt.succeeded();
      else attempt.failed();
      attempt.end();
      return right ? 'in' : 'wrong';
    } catch (error) {
      assert.ok(error instanceof SqlensError);
      assert.equal(error.sqlState, '53300');
      return /Wait (\d+ seconds?)/.exec(error.hint ?? '')?.[1] ?? 'no hint';
    }
  }

  fail(address: string, times: number, user = 'me'): void {
    for (let time = 0; time < times; time++) assert.equal(this.login(address, user), 'wrong');
  }
}

describe('failed logins', () => {
  test('beyond the tenth an address waits, twice as long each time, up to a minute', () => {
    const clock = new Clock();
    clock.fail(far, 10);
    for (const wait_s of [1, 2, 4, 8, 16, 32, 60, 60]) {
      assert.equal(clock.login(far, 'me', true), wait_s === 1 ? '1 second' : `${wait_s} seconds`);
      clock.now_ms += wait_s * 1000 - 1;
      assert.equal(clock.login(far, 'me', true), '1 second');
      clock.now_ms += 1;
      assert.equal(clock.login(far, 'me'), 'wrong');
    }
    assert.equal(clock.login('192.0.2.8', 'me', true), 'in');
  });

  test('being refused makes nothing worse, and ten quiet minutes forget everything', () => {
    const clock = new Clock();
    clock.fail(far, 10);
    for (let time = 0; time < 1000; time++) assert.equal(clock.login(far, 'me'), '1 second');
    clock.now_ms += 10 * 60_000 + 1;
    clock.fail(far, 10);
    assert.equal(clock.login(far, 'me'), '1 second');
  });

  test('a success clears who failed, and only then the address', () => {
    const clock = new Clock();
    clock.fail(far, 9);
    assert.equal(clock.login(far, 'me', true), 'in');
    assert.equal(clock.attempts.addressCount, 0);
    clock.fail(far, 9, 'admin');
    assert.equal(clock.login(far, 'me', true), 'in');
    clock.fail(far, 1, 'admin');
    assert.equal(clock.login(far, 'admin'), '1 second');
  });

  test('past the threshold one attempt runs at a time', () => {
    const clock = new Clock();
    clock.fail(far, 10);
    clock.now_ms += 1000;
    const attempt = clock.attempts.begin(far, 'me');
    assert.equal(clock.login(far, 'me'), '1 second');
    attempt.end();
    attempt.end();
    assert.equal(clock.login(far, 'me', true), 'in');
  });

  test('loopback has more patience', () => {
    for (const address of ['127.0.0.1', '::1', '::ffff:127.0.0.1']) {
      const clock = new Clock();
      clock.fail(address, 20);
      assert.equal(clock.login(address, 'me'), '1 second');
      clock.now_ms += 250;
      assert.equal(clock.login(address, 'me', true), 'in');
    }
  });

  test('memory is bounded: the oldest failures are forgotten first', () => {
    const clock = new Clock(100);
    for (let host = 0; host < 1000; host++) {
      clock.now_ms++;
      clock.fail(`10.0.${host >> 8}.${host & 255}`, 10);
    }
    assert.equal(clock.attempts.addressCount, 100);
    assert.equal(clock.login('10.0.0.1', 'me'), 'wrong');
    assert.equal(clock.login('10.0.3.231', 'me'), '1 second');
  });
});

test('an IPv6 host has the whole /64 to choose from', () => {
  for (const [address, network] of [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:0001:2::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['', ''],
  ] as const) {
    assert.equal(networkOf(address), network, address);
  }
});
