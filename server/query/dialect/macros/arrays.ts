/** Functions on arrays. A dimension other than the first is DuckDB's to refuse: its lists know only their own length. */
const first = (value: string) =>
  `CASE WHEN d = 1 THEN ${value} ELSE error('only the first dimension of an array has a length here') END`;

export const ARRAYS: readonly string[] = [
  `array_length(a) AS len(a)::INTEGER, (a, d) AS ${first('nullif(len(a), 0)::INTEGER')}`,
  `array_upper(a, d) AS ${first('nullif(len(a), 0)::INTEGER')}`,
  `array_lower(a, d) AS ${first('CASE WHEN len(a) > 0 THEN 1 END')}`,
  `array_positions(a, x) AS list_filter(range(1, len(a) + 1), lambda i: a[i] IS NOT DISTINCT FROM x)`,
  `array_remove(a, x) AS list_filter(a, lambda e: e IS DISTINCT FROM x)`,
  `array_replace(a, x, y) AS list_transform(a, lambda e: CASE WHEN e IS NOT DISTINCT FROM x THEN y ELSE e END)`,
  `array_fill(x, d) AS list_transform(range(d[1]), lambda i: x)`,
  `array_to_string(a, s) AS CASE WHEN a IS NOT NULL AND s IS NOT NULL THEN coalesce(list_aggr(a::VARCHAR[], 'string_agg', s), '') END,
     (a, s, n) AS CASE WHEN a IS NOT NULL AND s IS NOT NULL THEN coalesce(list_aggr(list_transform(a::VARCHAR[], lambda e: coalesce(e, n)), 'string_agg', s), '') END`,
];
