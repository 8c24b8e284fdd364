/** Settings for the sake of older PostgreSQL versions and other platforms. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const previousPostgresqlVersions = category(
  'Version and Platform Compatibility / Previous PostgreSQL Versions',
);
const otherPlatformsAndClients = category('Version and Platform Compatibility / Other Platforms and Clients');

export const compatibilitySettings: readonly SettingDefinition[] = [
  previousPostgresqlVersions.bool('array_nulls', 'on'),
  previousPostgresqlVersions.oneOf('backslash_quote', 'safe_encoding', ['safe_encoding', 'on', 'off'], {
    also: ON_OFF,
  }),
  previousPostgresqlVersions.bool('lo_compat_privileges', 'off', { context: 'superuser' }),
  previousPostgresqlVersions.bool('quote_all_identifiers', 'off'),
  previousPostgresqlVersions.bool('synchronize_seqscans', 'on'),
  otherPlatformsAndClients.bool('transform_null_equals', 'off'),
];
