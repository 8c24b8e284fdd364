import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type IntervalStyle, intervalStyleOf, styledInterval } from './interval-style.ts';

/** What PostgreSQL 15 prints: SET IntervalStyle, SELECT make_interval(…). */
const cases: readonly (readonly [
  months: number,
  days: number,
  micros: bigint,
  verbose: string,
  standard: string,
  iso: string,
])[] = [
  [0, 0, 0n, '@ 0', '0', 'PT0S'],
  [1, 0, 0n, '@ 1 mon', '0-1', 'P1M'],
  [
    14,
    3,
    14706789000n,
    '@ 1 year 2 mons 3 days 4 hours 5 mins 6.789 secs',
    '+1-2 +3 +4:05:06.789',
    'P1Y2M3DT4H5M6.789S',
  ],
  [
    -14,
    -3,
    -14706789000n,
    '@ 1 year 2 mons 3 days 4 hours 5 mins 6.789 secs ago',
    '-1-2 -3 -4:05:06.789',
    'P-1Y-2M-3DT-4H-5M-6.789S',
  ],
  [
    14,
    -3,
    14706000000n,
    '@ 1 year 2 mons -3 days 4 hours 5 mins 6 secs',
    '+1-2 -3 +4:05:06',
    'P1Y2M-3DT4H5M6S',
  ],
  [0, -1, 3600000000n, '@ 1 day -1 hours ago', '+0-0 -1 +1:00:00', 'P-1DT1H'],
  [0, 1, -3600000000n, '@ 1 day -1 hours', '+0-0 +1 -1:00:00', 'P1DT-1H'],
  [12, 0, 0n, '@ 1 year', '1-0', 'P1Y'],
  [-1, 0, 0n, '@ 1 mon ago', '-0-1', 'P-1M'],
  [0, 0, 1000000n, '@ 1 sec', '0:00:01', 'PT1S'],
  [0, 0, -1000000n, '@ 1 sec ago', '-0:00:01', 'PT-1S'],
  [0, 0, 1n, '@ 0.000001 secs', '0:00:00.000001', 'PT0.000001S'],
  [0, 0, -500000n, '@ 0.5 secs ago', '-0:00:00.5', 'PT-0.5S'],
  [0, 5, 0n, '@ 5 days', '5 0:00:00', 'P5D'],
  [0, 0, 3661000001n, '@ 1 hour 1 min 1.000001 secs', '1:01:01.000001', 'PT1H1M1.000001S'],
  [25, 0, 5n, '@ 2 years 1 mon 0.000005 secs', '+2-1 +0 +0:00:00.000005', 'P2Y1MT0.000005S'],
  [0, -2, -61000000n, '@ 2 days 1 min 1 sec ago', '-2 0:01:01', 'P-2DT-1M-1S'],
  [1, 1, 0n, '@ 1 mon 1 day', '+0-1 +1 +0:00:00', 'P1M1D'],
  [-13, 0, 90000000n, '@ 1 year 1 mon -1 mins -30 secs ago', '-1-1 +0 +0:01:30', 'P-1Y-1MT1M30S'],
  [0, 0, 360000000000000n, '@ 100000 hours', '100000:00:00', 'PT100000H'],
  [-12, 40, 0n, '@ 1 year -40 days ago', '-1-0 +40 +0:00:00', 'P-1Y40D'],
];

for (const [style, at] of [
  ['postgres_verbose', 3],
  ['sql_standard', 4],
  ['iso_8601', 5],
] as const satisfies readonly (readonly [IntervalStyle, number])[]) {
  test(`IntervalStyle ${style} as PostgreSQL prints it`, () => {
    for (const row of cases) {
      const [months, days, micros] = row;
      assert.equal(styledInterval(style, months, days, micros), row[at], `${months} ${days} ${micros}`);
    }
  });
}

test('only styles are styles', () => {
  assert.equal(intervalStyleOf('iso_8601'), 'iso_8601');
  assert.equal(intervalStyleOf('german'), undefined);
});
