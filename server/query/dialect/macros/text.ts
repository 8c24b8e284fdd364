/** Functions on text that DuckDB lacks or reads otherwise. */

const RESERVED =
  'all analyse analyze and any array as asc asymmetric authorization between binary both case cast check collate column concurrently constraint create cross current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references returning right select session_user similar some symmetric table tablesample then to trailing true union unique user using variadic verbose when where window with';

/** Positions before the first character count as well: they cut off what stands there. */
const START = 'CASE WHEN i < 1 THEN 1 ELSE i END';
const LENGTH = `CASE WHEN n < 0 THEN error('negative substring length not allowed') WHEN i < 1 THEN greatest(n + i - 1, 0) ELSE n END`;

const substring = (name: string) =>
  `${name}(s, i) AS system.main.substring(s, ${START}), (s, i, n) AS system.main.substring(s, ${START}, ${LENGTH})`;

export const TEXT: readonly string[] = [
  // Whole numbers of 32 bits, as in PostgreSQL: drivers hand them out as such.
  `length(s) AS system.main.length(s)::INTEGER`,
  `char_length(s) AS system.main.length(s)::INTEGER`,
  `character_length(s) AS system.main.length(s)::INTEGER`,
  `octet_length(s) AS system.main.octet_length(s)::INTEGER`,
  `bit_length(s) AS system.main.bit_length(s)::INTEGER`,
  `strpos(s, p) AS system.main.instr(s, p)::INTEGER`,
  substring('substring'),
  substring('substr'),
  `btrim(s) AS trim(s), (s, c) AS trim(s, c)`,
  `overlay(s, r, i) AS left(s, i - 1) || r || system.main.substring(s, (i + length(r))::BIGINT),
     (s, r, i, n) AS left(s, i - 1) || r || system.main.substring(s, (i + n)::BIGINT)`,
  `lpad(s, n) AS system.main.lpad(s, n, ' '), (s, n, c) AS system.main.lpad(s, n, c)`,
  `rpad(s, n) AS system.main.rpad(s, n, ' '), (s, n, c) AS system.main.rpad(s, n, c)`,
  `initcap(s) AS list_aggr(list_transform(regexp_extract_all(lower(s), '[\\p{L}\\p{N}]+|[^\\p{L}\\p{N}]+'),
     lambda w: upper(w[1]) || w[2:]), 'string_agg', '')`,
  `quote_ident(s) AS CASE WHEN system.main.regexp_full_match(s, '[a-z_][a-z0-9_$]*')
     AND NOT list_contains(['${RESERVED.split(' ').join("','")}'], s) THEN s ELSE '"' || replace(s, '"', '""') || '"' END`,
  `quote_literal(s) AS CASE WHEN contains(s::VARCHAR, chr(92))
     THEN 'E''' || replace(replace(s::VARCHAR, '''', ''''''), chr(92), chr(92) || chr(92)) || ''''
     ELSE '''' || replace(s::VARCHAR, '''', '''''') || '''' END`,
  `quote_nullable(s) AS coalesce(sqlens.quote_literal(s), 'NULL')`,
  `to_hex(n) AS lower(system.main.to_hex(n))`,
  `string_to_table(s, d) AS string_split(s, d), (s, d, n) AS list_transform(string_split(s, d), lambda e: nullif(e, n))`,
  `string_to_array(s, d) AS string_split(s, d), (s, d, n) AS list_transform(string_split(s, d), lambda e: nullif(e, n))`,
  `regexp_count(s, p) AS len(regexp_extract_all(s, p))`,
  `regexp_like(s, p) AS regexp_matches(s, p, 's')`,
  `regexp_substr(s, p) AS CASE WHEN regexp_matches(s, p, 's') THEN regexp_extract(s, p, 0, 's') END`,
  `encode(s) AS system.main.encode(s), (b, f) AS CASE lower(f) WHEN 'hex' THEN lower(hex(b)) WHEN 'base64' THEN base64(b)
     WHEN 'escape' THEN system.main.decode(b) ELSE error('unrecognized encoding: "' || f || '"') END`,
  `decode(b) AS system.main.decode(b), (s, f) AS CASE lower(f) WHEN 'hex' THEN unhex(s) WHEN 'base64' THEN from_base64(s)
     WHEN 'escape' THEN system.main.encode(s) ELSE error('unrecognized encoding: "' || f || '"') END`,
  `convert_from(b, e) AS system.main.decode(b)`,
  `convert_to(s, e) AS system.main.encode(s)`,
];
