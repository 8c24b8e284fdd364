/**
 * Functions that print a definition: of what SQLens' own SQL defines, the text as it was written (names.ts,
 * DEFINITIONS_TABLE), of everything else what PostgreSQL makes of it. They are not STRICT, as the builtins are, so that
 * PostgreSQL can put their bodies in the place of their calls.
 */
import { DEFINED_SETTING } from '../names.ts';
import { moveBuiltin, native } from './builtins.ts';
import { DEFAULT_FUNCTION, DEFINITION_FUNCTION } from './state.ts';

interface Printer {
  readonly name: string;
  readonly argumentTypes: string;
  /** SQL over $1, $2 …: the object's OID. */
  readonly object: string;
  /** The same: the stored definition, or NULL. */
  readonly stored: string;
}

const stored = (classoid: string, kind: string, objoid: string, objsubid = '0'): string =>
  `${DEFINITION_FUNCTION}('pg_catalog.${classoid}'::regclass::oid, ${objoid}, ${objsubid}, '${kind}')`;
const storedDefault = `${DEFAULT_FUNCTION}($1, $2)`;
const view = stored('pg_class', 'view', '$1');
const viewByName = stored('pg_class', 'view', '$1::regclass::oid');
const constraint = stored('pg_constraint', 'constraint', '$1');

const PRINTERS: readonly Printer[] = [
  { name: 'pg_get_viewdef', argumentTypes: 'oid', object: '$1', stored: view },
  { name: 'pg_get_viewdef', argumentTypes: 'oid, boolean', object: '$1', stored: view },
  { name: 'pg_get_viewdef', argumentTypes: 'oid, integer', object: '$1', stored: view },
  { name: 'pg_get_viewdef', argumentTypes: 'text', object: '$1::regclass::oid', stored: viewByName },
  { name: 'pg_get_viewdef', argumentTypes: 'text, boolean', object: '$1::regclass::oid', stored: viewByName },
  { name: 'pg_get_expr', argumentTypes: 'pg_node_tree, oid', object: '$2', stored: storedDefault },
  { name: 'pg_get_expr', argumentTypes: 'pg_node_tree, oid, boolean', object: '$2', stored: storedDefault },
  { name: 'pg_get_constraintdef', argumentTypes: 'oid', object: '$1', stored: constraint },
  { name: 'pg_get_constraintdef', argumentTypes: 'oid, boolean', object: '$1', stored: constraint },
  { name: 'pg_get_indexdef', argumentTypes: 'oid', object: '$1', stored: stored('pg_class', 'index', '$1') },
  {
    name: 'pg_get_indexdef',
    argumentTypes: 'oid, integer, boolean',
    object: '$1',
    stored: stored('pg_class', 'index', '$1', '$2'),
  },
  {
    name: 'pg_get_functiondef',
    argumentTypes: 'oid',
    object: '$1',
    stored: stored('pg_proc', 'function', '$1'),
  },
  {
    name: 'pg_get_function_sqlbody',
    argumentTypes: 'oid',
    object: '$1',
    stored: stored('pg_proc', 'body', '$1'),
  },
  { name: 'pg_get_ruledef', argumentTypes: 'oid', object: '$1', stored: stored('pg_rewrite', 'rule', '$1') },
  {
    name: 'pg_get_ruledef',
    argumentTypes: 'oid, boolean',
    object: '$1',
    stored: stored('pg_rewrite', 'rule', '$1'),
  },
];

/**
 * A look-up costs 50 µs, and a client that reads every column of every table makes thousands of calls: so it is first seen,
 * by functions that take next to nothing, whether there is anything to be found for the object.
 */
function body({ name, argumentTypes, stored, object }: Printer): string {
  const values = argumentTypes.split(', ').map((_, index) => `$${index + 1}`);
  const printed = `${native(name)}(${values.join(', ')})`;
  const defined = `${native('current_setting')}('${DEFINED_SETTING}', true)`;
  return `CASE WHEN $1 IS NULL THEN NULL
    WHEN pg_catalog.strpos(${defined}, ' ' || (${object})::text || ' ') > 0 THEN coalesce(${stored}, ${printed})
    ELSE ${printed} END`;
}

export const definitionsBootstrap: readonly string[] = PRINTERS.flatMap((printer) => [
  moveBuiltin(printer.name, printer.argumentTypes),
  `CREATE OR REPLACE FUNCTION pg_catalog.${printer.name}(${printer.argumentTypes}) RETURNS text
     LANGUAGE sql STABLE PARALLEL SAFE RETURN ${body(printer)}`,
]);
