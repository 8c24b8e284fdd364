/** Division and the rest of arithmetic: whole numbers divide to whole numbers, and dividing by zero is an error. */

/**
 * DuckDB gives NULL for a division by zero. The second branch is evaluated only where the first is NULL; it does not look
 * at the divisor's value, since an operand that changes with every look (a sequence's) has another one by then.
 */
const unlessZero = (quotient: string) =>
  `coalesce(${quotient}, CASE WHEN a IS NOT NULL AND b IS NOT NULL THEN error('division by zero') END)`;

export const ARITHMETIC: readonly string[] = [
  `"/"(a, b) AS ${unlessZero('a // b')}`,
  `"%"(a, b) AS ${unlessZero('system.main.mod(a, b)')}`,
  `mod(a, b) AS ${unlessZero('system.main.mod(a, b)')}`,
  `div(a, b) AS ${unlessZero('trunc(a // b)')}`,
  `"^^@"(a, b) AS xor(a, b)`,
  `"|/"(a) AS sqrt(a)`,
  `"||/"(a) AS cbrt(a)`,
  `width_bucket(x, l, h, n) AS CASE WHEN x < l THEN 0 WHEN x >= h THEN n + 1
     ELSE floor((x - l)::DOUBLE / (h - l) * n)::INTEGER + 1 END`,
];
