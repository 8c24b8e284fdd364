/** Settings that PostgreSQL's own developers use and that tools switch. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const developerOptions = category('Developer Options');

export const developerSettings: readonly SettingDefinition[] = [
  developerOptions.oneOf('debug_logical_replication_streaming', 'buffered', ['buffered', 'immediate']),
  developerOptions.oneOf('debug_parallel_query', 'off', ['off', 'on', 'regress'], { also: ON_OFF }),
  developerOptions.bool('jit_expressions', 'on'),
  developerOptions.bool('jit_tuple_deforming', 'on'),
  developerOptions.bool('trace_notify', 'off'),
  developerOptions.bool('trace_sort', 'off'),
];
