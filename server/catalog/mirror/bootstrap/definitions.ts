/**
 * Functions that print a definition: of what SQLens' own SQL defines, the text as it was written (names.ts,
 * DEFINITIONS_TABLE), of everything else what PostgreSQL makes of it.
 */
import { DEFINITIONS_TABLE } from '../names.ts';
import { moveBuiltin, native } from './builtins.ts';

interface Printer {
  readonly name: string;
  readonly argumentTypes: string;
  /** SQL over $1, $2 …: the stored definition, or NULL. */
  readonly stored: string;
}

const stored = (classoid: string, kind: string, objoid: string, objsubid = '0'): string =>
  `(SELECT d.definition FROM ${DEFINITIONS_TABLE} d WHERE d.objoid = ${objoid}
      AND d.classoid = 'pg_catalog.${classoid}'::regclass AND d.objsubid = ${objsubid} AND d.kind = '${kind}')`;

/**
 * A default is asked for by its expression, not by its column: the one whose expression it is. Expressions of one table
 * differ at least in where they stood in the statement that made it.
 */
const storedDefault = `(SELECT d.definition FROM ${DEFINITIONS_TABLE} d
    JOIN pg_catalog.pg_attrdef a ON a.adrelid = d.objoid AND a.adnum = d.objsubid
  WHERE d.objoid = $2 AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.kind = 'expr'
    AND a.adbin::text = $1::text LIMIT 1)`;

const view = stored('pg_class', 'view', '$1');
const viewByName = stored('pg_class', 'view', '$1::regclass');
const constraint = stored('pg_constraint', 'constraint', '$1');

const PRINTERS: readonly Printer[] = [
  { name: 'pg_get_viewdef', argumentTypes: 'oid', stored: view },
  { name: 'pg_get_viewdef', argumentTypes: 'oid, boolean', stored: view },
  { name: 'pg_get_viewdef', argumentTypes: 'oid, integer', stored: view },
  { name: 'pg_get_viewdef', argumentTypes: 'text', stored: viewByName },
  { name: 'pg_get_viewdef', argumentTypes: 'text, boolean', stored: viewByName },
  { name: 'pg_get_expr', argumentTypes: 'pg_node_tree, oid', stored: storedDefault },
  { name: 'pg_get_expr', argumentTypes: 'pg_node_tree, oid, boolean', stored: storedDefault },
  { name: 'pg_get_constraintdef', argumentTypes: 'oid', stored: constraint },
  { name: 'pg_get_constraintdef', argumentTypes: 'oid, boolean', stored: constraint },
  { name: 'pg_get_indexdef', argumentTypes: 'oid', stored: stored('pg_class', 'index', '$1') },
  {
    name: 'pg_get_indexdef',
    argumentTypes: 'oid, integer, boolean',
    stored: stored('pg_class', 'index', '$1', '$2'),
  },
  { name: 'pg_get_functiondef', argumentTypes: 'oid', stored: stored('pg_proc', 'function', '$1') },
  { name: 'pg_get_function_sqlbody', argumentTypes: 'oid', stored: stored('pg_proc', 'body', '$1') },
  { name: 'pg_get_ruledef', argumentTypes: 'oid', stored: stored('pg_rewrite', 'rule', '$1') },
  { name: 'pg_get_ruledef', argumentTypes: 'oid, boolean', stored: stored('pg_rewrite', 'rule', '$1') },
];

export const definitionsBootstrap: readonly string[] = PRINTERS.flatMap(({ name, argumentTypes, stored }) => {
  const values = argumentTypes.split(', ').map((_, index) => `$${index + 1}`);
  return [
    moveBuiltin(name, argumentTypes),
    `CREATE OR REPLACE FUNCTION pg_catalog.${name}(${argumentTypes}) RETURNS text
       LANGUAGE sql STABLE STRICT PARALLEL SAFE
       RETURN coalesce(${stored}, ${native(name)}(${values.join(', ')}))`,
  ];
});
