/** JSON: operators under the names that rules/operators.ts and rules/json-operators.ts give them, and functions. */

const pointer = `'/' || replace(trim(p, '{}'), ',', '/')`;

export const JSON_MACROS: readonly string[] = [
  `"@->"(j, k) AS (j -> k)`,
  `"@->>"(j, k) AS (j ->> k)`,
  `"@>>"(j, p) AS json_extract(j, ${pointer})`,
  `"@>>>"(j, p) AS json_extract_string(j, ${pointer})`,
  `"@~"(j, k) AS CASE json_type(j) WHEN 'OBJECT' THEN list_contains(json_keys(j), k)
     WHEN 'ARRAY' THEN list_contains(json_extract_string(j, '$[*]'), k) ELSE json_extract_string(j, '$') = k END`,
  `"@~|"(j, k) AS list_has_any(json_keys(j), k)`,
  `"@~&"(j, k) AS list_has_all(json_keys(j), k)`,
  `to_jsonb(x) AS to_json(x)`,
  `jsonb_array_length(j) AS json_array_length(j)`,
  `json_typeof(j) AS CASE json_type(j) WHEN 'OBJECT' THEN 'object' WHEN 'ARRAY' THEN 'array' WHEN 'VARCHAR' THEN 'string'
     WHEN 'BOOLEAN' THEN 'boolean' WHEN 'NULL' THEN 'null' WHEN NULL THEN NULL ELSE CASE WHEN j IS NOT NULL THEN 'number' END END`,
  `jsonb_typeof(j) AS sqlens.json_typeof(j)`,
  `json_array_elements(j) AS json_extract(j, '$[*]')`,
  `jsonb_array_elements(j) AS json_extract(j, '$[*]')`,
  `json_array_elements_text(j) AS json_extract_string(j, '$[*]')`,
  `jsonb_array_elements_text(j) AS json_extract_string(j, '$[*]')`,
  `json_object_keys(j) AS json_keys(j)`,
  `jsonb_object_keys(j) AS json_keys(j)`,
  `json_extract_path(j, a) AS (j -> a), (j, a, b) AS (j -> a -> b), (j, a, b, c) AS (j -> a -> b -> c)`,
  `jsonb_extract_path(j, a) AS (j -> a), (j, a, b) AS (j -> a -> b), (j, a, b, c) AS (j -> a -> b -> c)`,
  `json_extract_path_text(j, a) AS (j ->> a), (j, a, b) AS (j -> a ->> b), (j, a, b, c) AS (j -> a -> b ->> c)`,
  `jsonb_extract_path_text(j, a) AS (j ->> a), (j, a, b) AS (j -> a ->> b), (j, a, b, c) AS (j -> a -> b ->> c)`,
  `jsonb_pretty(j) AS json_pretty(j)`,
];
