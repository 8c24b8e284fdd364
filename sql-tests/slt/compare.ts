/** Rows as .slt files write them, and what to say when they differ. */
import type { ColumnType, SortMode } from './records.ts';

/** Values as PostgreSQL's text format has them. */
export type TextRow = readonly (string | null)[];

/** @throws Error when the columns are not what the record says */
export function formatRows(rows: readonly TextRow[], types: readonly ColumnType[], sort: SortMode): string[] {
  const cells = rows.map((row) => {
    if (row.length !== types.length) {
      throw new Error(`the query gives ${row.length} columns, the record has ${types.length} types`);
    }
    return row.map((value, column) => formatValue(value, types[column] ?? 'T'));
  });
  if (sort === 'valuesort') return cells.flat().sort(byCodePoint);
  const lines = cells.map((row) => row.join(' '));
  return sort === 'rowsort' ? lines.sort(byCodePoint) : lines;
}

export function formatValue(value: string | null, type: ColumnType): string {
  if (value === null) return 'NULL';
  if (value === '') return '(empty)';
  switch (type) {
    case 'T':
      return value.trim().replace(/\s+/g, ' ');
    case 'I':
      if (!/^-?\d+$/.test(value)) throw new Error(`"${value}" is no integer`);
      return value;
    case 'B':
      if (value !== 't' && value !== 'f') throw new Error(`"${value}" is no boolean`);
      return value === 't' ? 'true' : 'false';
    case 'R': {
      const number = Number(value);
      if (Number.isNaN(number) && value !== 'NaN') throw new Error(`"${value}" is no number`);
      return Number.isFinite(number) ? number.toFixed(3) : value;
    }
  }
}

/** @returns undefined when they are the same, else both, side by side in a diff's notation */
export function difference(expected: readonly string[], actual: readonly string[]): string | undefined {
  if (expected.length === actual.length && expected.every((line, at) => line === actual[at]))
    return undefined;
  const common = longestCommonSubsequence(expected, actual);
  const lines: string[] = [];
  let e = 0;
  let a = 0;
  for (const line of [...common, undefined]) {
    while (e < expected.length && expected[e] !== line) lines.push(`- ${expected[e++]}`);
    while (a < actual.length && actual[a] !== line) lines.push(`+ ${actual[a++]}`);
    if (line !== undefined) lines.push(`  ${line}`);
    e++;
    a++;
  }
  return `rows differ (- expected, + actual):\n${lines.slice(0, MAX_DIFF_LINES).join('\n')}`;
}

const MAX_DIFF_LINES = 100;
/** Beyond this the table below would be large; then the lines are compared as they stand. */
const MAX_ALIGNED = 1000;

function longestCommonSubsequence(a: readonly string[], b: readonly string[]): string[] {
  if (a.length > MAX_ALIGNED || b.length > MAX_ALIGNED) return [];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    const row = lengths[i];
    for (let j = b.length - 1; row !== undefined && j >= 0; j--) {
      row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const common: string[] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const line = a[i];
    if (line !== undefined && line === b[j]) {
      common.push(line);
      i++;
      j++;
    } else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return common;
}

function byCodePoint(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
