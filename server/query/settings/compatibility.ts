/** Settings for the sake of older PostgreSQL versions and other platforms. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const previousPostgresqlVersions = category(
  'Version and Platform Compatibility / Previous PostgreSQL Versions',
);
const otherPlatformsAndClients = category('Version and Platform Compatibility / Other Platforms and Clients');

export const compatibilitySettings: readonly SettingDefinition[] = [
  previousPostgresqlVersions.bool('array_nulls', 'on', 'Enable input of NULL elements in arrays.'),
  previousPostgresqlVersions.oneOf(
    'backslash_quote',
    'safe_encoding',
    ['safe_encoding', 'on', 'off'],
    'Sets whether "\\\'" is allowed in string literals.',
    { also: ON_OFF },
  ),
  previousPostgresqlVersions.bool(
    'lo_compat_privileges',
    'off',
    'Enables backward compatibility mode for privilege checks on large objects.',
    { context: 'superuser' },
  ),
  previousPostgresqlVersions.bool(
    'quote_all_identifiers',
    'off',
    'When generating SQL fragments, quote all identifiers.',
  ),
  previousPostgresqlVersions.bool('synchronize_seqscans', 'on', 'Enable synchronized sequential scans.'),
  otherPlatformsAndClients.bool('transform_null_equals', 'off', 'Treats "expr=NULL" as "expr IS NULL".'),
];
