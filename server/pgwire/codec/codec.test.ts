import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DatabaseError, serialize } from 'pg-protocol';
import { Field, type BackendMessage as ParsedMessage } from 'pg-protocol/dist/messages.js';
import { Parser } from 'pg-protocol/dist/parser.js';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import { type BackendMessage, encodeBackendMessage } from './backend.ts';
import { DataRows } from './data-rows.ts';
import { Framer } from './framer.ts';
import { decodeFrontendMessage, type FrontendMessage } from './frontend.ts';
import { FatalProtocolError } from './protocol-error.ts';
import { decodeStartupPacket } from './startup-packet.ts';

const limits = { maxMessage_bytes: 1024 * 1024 };

function sessionFramer(): Framer {
  const framer = new Framer(limits);
  framer.phase = 'session';
  return framer;
}

function decodeAll(framer: Framer): FrontendMessage[] {
  const messages: FrontendMessage[] = [];
  for (let frame = framer.next(); frame !== undefined; frame = framer.next())
    messages.push(decodeFrontendMessage(frame));
  return messages;
}

function message(type: string, ...parts: (Buffer | string | number)[]): Buffer {
  const body = Buffer.concat(
    parts.map((part) => {
      if (typeof part === 'string') return Buffer.from(`${part}\0`);
      if (typeof part !== 'number') return part;
      const bytes = Buffer.alloc(2);
      bytes.writeInt16BE(part);
      return bytes;
    }),
  );
  const header = Buffer.alloc(5);
  header.write(type, 'latin1');
  header.writeUInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
}

const conversation: readonly (readonly [Buffer, FrontendMessage])[] = [
  [serialize.query('SELECT 1'), { kind: 'query', sql: 'SELECT 1' }],
  [serialize.query(''), { kind: 'query', sql: '' }],
  [
    serialize.parse({ name: 'größe', text: 'SELECT $1', types: [23, 0, 4294967295] }),
    { kind: 'parse', name: 'größe', sql: 'SELECT $1', parameterOids: [23, 0, 4294967295] },
  ],
  [
    serialize.bind({ portal: 'p', statement: 's', values: ['1', null, Buffer.from([0, 255])], binary: true }),
    {
      kind: 'bind',
      portal: 'p',
      statement: 's',
      parameterFormats: ['text', 'text', 'binary'],
      parameters: [Buffer.from('1'), null, Buffer.from([0, 255])],
      resultFormats: ['binary'],
    },
  ],
  [serialize.describe({ type: 'S', name: 's' }), { kind: 'describe', target: 'statement', name: 's' }],
  [serialize.describe({ type: 'P' }), { kind: 'describe', target: 'portal', name: '' }],
  [serialize.execute({ portal: 'p', rows: 7 }), { kind: 'execute', portal: 'p', maxRows: 7 }],
  [serialize.execute(), { kind: 'execute', portal: '', maxRows: 0 }],
  [message('E', 'p', -1, -1), { kind: 'execute', portal: 'p', maxRows: 0 }],
  [serialize.close({ type: 'S', name: 's' }), { kind: 'close', target: 'statement', name: 's' }],
  [serialize.close({ type: 'P', name: '' }), { kind: 'close', target: 'portal', name: '' }],
  [serialize.flush(), { kind: 'flush' }],
  [serialize.sync(), { kind: 'sync' }],
  [message('F', 0, 1, 2), { kind: 'functionCall' }],
  [serialize.copyData(Buffer.from('1\t2\n')), { kind: 'copyData', data: Buffer.from('1\t2\n') }],
  [serialize.copyDone(), { kind: 'copyDone' }],
  [serialize.copyFail('stop'), { kind: 'copyFail', reason: 'stop' }],
  [serialize.end(), { kind: 'terminate' }],
];
const expected = conversation.map(([, decoded]) => decoded);
const bytes = Buffer.concat(conversation.map(([encoded]) => encoded));

describe('frontend messages', () => {
  test('all at once', () => {
    const framer = sessionFramer();
    framer.push(bytes);
    assert.deepEqual(decodeAll(framer), expected);
    assert.equal(framer.buffered_bytes, 0);
  });

  test('byte by byte', () => {
    const framer = sessionFramer();
    const messages: FrontendMessage[] = [];
    for (const byte of bytes) {
      framer.push(Uint8Array.of(byte));
      messages.push(...decodeAll(framer));
    }
    assert.deepEqual(messages, expected);
  });

  test('cut in two at every byte', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const framer = sessionFramer();
      framer.push(bytes.subarray(0, at));
      const messages = decodeAll(framer);
      framer.push(bytes.subarray(at));
      messages.push(...decodeAll(framer));
      assert.deepEqual(messages, expected, `cut at ${at}`);
    }
  });

  test('a body survives what comes after it', () => {
    const framer = sessionFramer();
    framer.push(serialize.query('SELECT 1'));
    const frame = framer.next();
    framer.push(serialize.query('DELETE 2'));
    assert.ok(frame !== undefined);
    assert.deepEqual(decodeFrontendMessage(frame), { kind: 'query', sql: 'SELECT 1' });
  });

  test('the type of the next message can be seen without taking it', () => {
    const framer = sessionFramer();
    framer.push(serialize.sync().subarray(0, 4));
    assert.equal(framer.peekType(), undefined);
    framer.push(serialize.sync().subarray(4));
    assert.equal(framer.peekType(), 'S'.charCodeAt(0));
    assert.equal(framer.peekType(), 'S'.charCodeAt(0));
    assert.ok(framer.next() !== undefined);
    assert.equal(framer.peekType(), undefined);
  });
});

describe('lengths', () => {
  const header = (type: string, length: number): Buffer => {
    const head = Buffer.alloc(5);
    head.write(type, 'latin1');
    head.writeUInt32BE(length, 1);
    return head;
  };

  test('a message beyond its cap is refused by its header alone', () => {
    for (const [type, max_bytes] of [
      ['Q', limits.maxMessage_bytes],
      ['P', limits.maxMessage_bytes],
      ['B', limits.maxMessage_bytes],
      ['d', limits.maxMessage_bytes],
      ['D', 10_000],
      ['E', 10_000],
      ['C', 10_000],
      ['S', 10_000],
      ['X', 10_000],
      ['f', 10_000],
    ] as const) {
      const refused = sessionFramer();
      refused.push(header(type, max_bytes + 5));
      assert.throws(() => refused.next(), FatalProtocolError, type);
      const allowed = sessionFramer();
      allowed.push(header(type, max_bytes + 4));
      assert.equal(allowed.next(), undefined, type);
    }
  });

  test('lengths that cannot be are refused', () => {
    for (const length of [0, 3, 0x80000000, 0xffffffff]) {
      const framer = sessionFramer();
      framer.push(header('Q', length));
      assert.throws(() => framer.next(), FatalProtocolError, String(length));
    }
  });

  test('an unknown type is refused by its first byte', () => {
    for (const type of ['p', 'G', ' ', '\0', '\xff']) {
      const framer = sessionFramer();
      framer.push(Buffer.from(type, 'latin1'));
      assert.throws(() => framer.next(), FatalProtocolError, type);
    }
  });

  test('before authentication only a password is taken, and no long one', () => {
    const framer = new Framer(limits);
    framer.phase = 'authentication';
    framer.push(Buffer.from('Q'));
    assert.throws(() => framer.next(), FatalProtocolError);
    const long = new Framer(limits);
    long.phase = 'authentication';
    long.push(header('p', 65_536 + 4));
    assert.throws(() => long.next(), FatalProtocolError);
  });

  test('a startup packet is at most 10,000 bytes', () => {
    for (const [length, fine] of [
      [10_004, true],
      [10_005, false],
      [7, false],
      [0x47455420, false], // "GET ": a browser
    ] as const) {
      const framer = new Framer(limits);
      const word = Buffer.alloc(4);
      word.writeUInt32BE(length);
      framer.push(word);
      if (fine) assert.equal(framer.next(), undefined);
      else assert.throws(() => framer.next(), FatalProtocolError, String(length));
    }
  });

  test('a long message arrives in small pieces in linear time', () => {
    const framer = sessionFramer();
    const sql = 'x'.repeat(900_000);
    const encoded = serialize.query(sql);
    for (let at = 0; at < encoded.length; at += 100) framer.push(encoded.subarray(at, at + 100));
    assert.deepEqual(decodeAll(framer), [{ kind: 'query', sql }]);
  });
});

describe('bodies that do not fit their type', () => {
  const bad: readonly (readonly [string, Buffer, string])[] = [
    ['a string without its end', message('Q', Buffer.from('SELECT 1')), SqlState.protocolViolation],
    ['bytes behind the string', message('Q', 'SELECT 1', 'x'), SqlState.protocolViolation],
    [
      'text that is not UTF-8',
      message('Q', Buffer.from([0x61, 0xff, 0x00])),
      SqlState.characterNotInRepertoire,
    ],
    ['a count of parameters beyond the body', message('P', '', 'SELECT', -1), SqlState.protocolViolation],
    ['a value longer than the body', message('B', '', '', 0, 1, 0, 9, 0), SqlState.protocolViolation],
    ['a value of length -2', message('B', '', '', 0, 1, -1, -2, 0), SqlState.protocolViolation],
    ['an unknown format', message('B', '', '', 1, 2, 0, 0), SqlState.invalidParameterValue],
    ['more formats than parameters', message('B', '', '', 2, 0, 0, 1, -1, -1, 0), SqlState.protocolViolation],
    ['nothing at all', message('B'), SqlState.protocolViolation],
    ['a target that is neither', message('D', 'Xname'), SqlState.protocolViolation],
    ['a Sync with a body', message('S', 'x'), SqlState.protocolViolation],
  ];
  for (const [name, encoded, sqlState] of bad) {
    test(name, () => {
      const framer = sessionFramer();
      framer.push(encoded);
      const frame = framer.next();
      assert.ok(frame !== undefined);
      assert.throws(
        () => decodeFrontendMessage(frame),
        (error) =>
          error instanceof SqlensError &&
          !(error instanceof FatalProtocolError) &&
          error.sqlState === sqlState,
      );
    });
  }
});

describe('startup packets', () => {
  const packet = (encoded: Buffer) => {
    const framer = new Framer(limits);
    framer.push(encoded);
    const frame = framer.next();
    assert.ok(frame !== undefined);
    return decodeStartupPacket(frame.body);
  };

  test('what clients send', () => {
    assert.deepEqual(packet(serialize.requestSsl()), { kind: 'sslRequest' });
    assert.deepEqual(packet(serialize.cancel(7, -2)), {
      kind: 'cancelRequest',
      processId: 7,
      secret: Buffer.from([255, 255, 255, 254]),
    });
    assert.deepEqual(packet(serialize.startup({ user: 'me', database: 'd' })), {
      kind: 'startup',
      major: 3,
      minor: 0,
      parameters: new Map([
        ['user', 'me'],
        ['database', 'd'],
        ['client_encoding', 'UTF8'],
      ]),
    });
  });

  test('of another version only the number is read', () => {
    assert.deepEqual(packet(Buffer.from([0, 0, 0, 10, 0, 2, 0, 0, 0xff, 0xff])), {
      kind: 'startup',
      major: 2,
      minor: 0,
      parameters: new Map(),
    });
  });

  test('broken ones are fatal', () => {
    for (const body of ['user', 'user\0me', 'user\0me\0', 'user\0me\0\0x', '\xff\0']) {
      const encoded = Buffer.concat([Buffer.alloc(8), Buffer.from(body, 'latin1')]);
      encoded.writeUInt32BE(encoded.length);
      encoded.writeUInt32BE(3 << 16, 4);
      assert.throws(() => packet(encoded), FatalProtocolError, JSON.stringify(body));
    }
  });
});

/** What pg-protocol's parser, an independent reader, makes of our bytes. */
function parsed(encoded: Buffer): ParsedMessage[] {
  const messages: ParsedMessage[] = [];
  new Parser().parse(encoded, (each) => messages.push(each));
  return messages;
}

describe('backend messages', () => {
  const cases: readonly (readonly [BackendMessage, object])[] = [
    [{ kind: 'authenticationOk' }, { name: 'authenticationOk' }],
    [
      { kind: 'authenticationSasl', mechanisms: ['SCRAM-SHA-256'] },
      { name: 'authenticationSASL', mechanisms: ['SCRAM-SHA-256'] },
    ],
    [
      { kind: 'authenticationSaslContinue', data: 'r=1' },
      { name: 'authenticationSASLContinue', data: 'r=1' },
    ],
    [
      { kind: 'authenticationSaslFinal', data: 'v=1' },
      { name: 'authenticationSASLFinal', data: 'v=1' },
    ],
    [
      { kind: 'parameterStatus', name: 'TimeZone', value: 'UTC' },
      { name: 'parameterStatus', parameterName: 'TimeZone', parameterValue: 'UTC' },
    ],
    [
      { kind: 'backendKeyData', processId: 7, secret: Buffer.from([1, 2, 3, 4]) },
      { name: 'backendKeyData', processID: 7, secretKey: 0x01020304 },
    ],
    [
      { kind: 'readyForQuery', status: 'T' },
      { name: 'readyForQuery', status: 'T' },
    ],
    [
      {
        kind: 'rowDescription',
        fields: [
          { name: 'a', tableOid: 16384, attnum: 2, oid: 1700, typlen: -1, typmod: 655366, format: 'binary' },
        ],
      },
      {
        name: 'rowDescription',
        fieldCount: 1,
        fields: [new Field('a', 16384, 2, 1700, -1, 655366, 'binary')],
      },
    ],
    [
      { kind: 'rowDescription', fields: [] },
      { name: 'rowDescription', fieldCount: 0 },
    ],
    [
      { kind: 'parameterDescription', oids: [25, 1700] },
      { name: 'parameterDescription', dataTypeIDs: [25, 1700] },
    ],
    [
      { kind: 'commandComplete', tag: 'SELECT 3' },
      { name: 'commandComplete', text: 'SELECT 3' },
    ],
    [{ kind: 'parseComplete' }, { name: 'parseComplete' }],
    [{ kind: 'bindComplete' }, { name: 'bindComplete' }],
    [{ kind: 'closeComplete' }, { name: 'closeComplete' }],
    [{ kind: 'noData' }, { name: 'noData' }],
    [{ kind: 'portalSuspended' }, { name: 'portalSuspended' }],
    [{ kind: 'emptyQueryResponse' }, { name: 'emptyQuery' }],
    [
      {
        kind: 'notice',
        fields: {
          severity: 'WARNING',
          code: '01000',
          message: 'beware',
          detail: 'd',
          hint: 'h',
          position: 3,
        },
      },
      {
        name: 'notice',
        severity: 'WARNING',
        code: '01000',
        message: 'beware',
        detail: 'd',
        hint: 'h',
        position: '3',
      },
    ],
  ];
  for (const [original, result] of cases) {
    test(original.kind, () => {
      const [first, ...rest] = parsed(encodeBackendMessage(original));
      for (const [key, value] of Object.entries(result))
        assert.deepEqual(Reflect.get(first ?? {}, key), value);
      assert.deepEqual(rest, []);
    });
  }

  test('error', () => {
    const fields = {
      severity: 'ERROR',
      code: '42P01',
      message: 'no "t"\0!',
      hint: 'make it',
      position: 15,
    } as const;
    const [error] = parsed(encodeBackendMessage({ kind: 'error', fields }));
    assert.ok(error instanceof DatabaseError);
    // A zero byte in a message must not cut the ones behind it off.
    assert.equal(error.message, 'no "t"\uFFFD!');
    assert.deepEqual(
      [error.severity, error.code, error.hint, error.position, error.detail],
      ['ERROR', '42P01', 'make it', '15', undefined],
    );
  });

  test('NegotiateProtocolVersion', () => {
    // pg-protocol does not know this one.
    const encoded = encodeBackendMessage({
      kind: 'negotiateProtocolVersion',
      newest: 196608,
      unknownOptions: ['_pq_.x'],
    });
    assert.equal(
      encoded.toString('hex'),
      `76${'00000013'}${'00030000'}${'00000001'}${Buffer.from('_pq_.x\0').toString('hex')}`,
    );
  });

  test('rows', () => {
    const rows = new DataRows();
    rows.beginRow(3);
    rows.textValue('grün');
    rows.nullValue();
    rows.textValue('');
    rows.endRow();
    rows.beginRow(1);
    rows.textValue('half');
    rows.abandonRow();
    rows.beginRow(1);
    rows.textValue('é'.repeat(100_000));
    rows.endRow();
    const messages = parsed(rows.take());
    assert.deepEqual(
      messages.map((row) => Reflect.get(row, 'fields')),
      [['grün', null, ''], ['é'.repeat(100_000)]],
    );
    assert.equal(rows.size_bytes, 0);
  });
});
