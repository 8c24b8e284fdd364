/** Settings that PostgreSQL's own developers use and that tools switch. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const developerOptions = category('Developer Options');

export const developerSettings: readonly SettingDefinition[] = [
  developerOptions.oneOf(
    'debug_logical_replication_streaming',
    'buffered',
    ['buffered', 'immediate'],
    'Forces immediate streaming or serialization of changes in large transactions.',
  ),
  developerOptions.oneOf(
    'debug_parallel_query',
    'off',
    ['off', 'on', 'regress'],
    "Forces the planner's use parallel query nodes.",
    { also: ON_OFF },
  ),
  developerOptions.bool('jit_expressions', 'on', 'Allow JIT compilation of expressions.'),
  developerOptions.bool('jit_tuple_deforming', 'on', 'Allow JIT compilation of tuple deforming.'),
  developerOptions.bool('trace_notify', 'off', 'Generates debugging output for LISTEN and NOTIFY.'),
  developerOptions.bool('trace_sort', 'off', 'Emit information about resource usage in sorting.'),
];
