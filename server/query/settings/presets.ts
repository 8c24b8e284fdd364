/** What the server was built with: nobody changes it. */
import { category, type SettingDefinition } from './definition.ts';

const presetOptions = category('Preset Options');

export const presetsSettings: readonly SettingDefinition[] = [
  presetOptions.int('block_size', 8192, [8192, 8192], {
    context: 'internal',
  }),
  presetOptions.bool('data_checksums', 'off', { context: 'internal' }),
  presetOptions.text('data_directory_mode', '0700', {
    context: 'internal',
  }),
  presetOptions.bool('debug_assertions', 'off', { context: 'internal' }),
  presetOptions.int('max_function_args', 100, [100, 100], {
    context: 'internal',
  }),
  presetOptions.int('max_identifier_length', 63, [63, 63], {
    context: 'internal',
  }),
  presetOptions.int('max_index_keys', 32, [32, 32], {
    context: 'internal',
  }),
  presetOptions.int('segment_size', 131072, [131072, 131072], {
    context: 'internal',
    unit: '8kB',
  }),
  presetOptions.int('shared_memory_size', 0, [0, 2147483647], { context: 'internal', unit: 'MB' }),
  presetOptions.int('shared_memory_size_in_huge_pages', -1, [-1, 2147483647], { context: 'internal' }),
  presetOptions.text('ssl_library', '', { context: 'internal' }),
  presetOptions.int('wal_block_size', 8192, [8192, 8192], {
    context: 'internal',
  }),
  presetOptions.int('wal_segment_size', 16777216, [1048576, 1073741824], { context: 'internal', unit: 'B' }),
];
