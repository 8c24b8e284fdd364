/** What the server was built with: nobody changes it. */
import { category, type SettingDefinition } from './definition.ts';

const presetOptions = category('Preset Options');

export const presetsSettings: readonly SettingDefinition[] = [
  presetOptions.int('block_size', 8192, [8192, 8192], 'Shows the size of a disk block.', {
    context: 'internal',
  }),
  presetOptions.bool(
    'data_checksums',
    'off',
    'Shows whether data checksums are turned on for this cluster.',
    { context: 'internal' },
  ),
  presetOptions.text('data_directory_mode', '0700', 'Shows the mode of the data directory.', {
    context: 'internal',
  }),
  presetOptions.bool(
    'debug_assertions',
    'off',
    'Shows whether the running server has assertion checks enabled.',
    { context: 'internal' },
  ),
  presetOptions.int('max_function_args', 100, [100, 100], 'Shows the maximum number of function arguments.', {
    context: 'internal',
  }),
  presetOptions.int('max_identifier_length', 63, [63, 63], 'Shows the maximum identifier length.', {
    context: 'internal',
  }),
  presetOptions.int('max_index_keys', 32, [32, 32], 'Shows the maximum number of index keys.', {
    context: 'internal',
  }),
  presetOptions.int('segment_size', 131072, [131072, 131072], 'Shows the number of pages per disk file.', {
    context: 'internal',
    unit: '8kB',
  }),
  presetOptions.int(
    'shared_memory_size',
    0,
    [0, 2147483647],
    "Shows the size of the server's main shared memory area (rounded up to the nearest MB).",
    { context: 'internal', unit: 'MB' },
  ),
  presetOptions.int(
    'shared_memory_size_in_huge_pages',
    -1,
    [-1, 2147483647],
    'Shows the number of huge pages needed for the main shared memory area.',
    { context: 'internal' },
  ),
  presetOptions.text('ssl_library', '', 'Shows the name of the SSL library.', { context: 'internal' }),
  presetOptions.int('wal_block_size', 8192, [8192, 8192], 'Shows the block size in the write ahead log.', {
    context: 'internal',
  }),
  presetOptions.int(
    'wal_segment_size',
    16777216,
    [1048576, 1073741824],
    'Shows the size of write ahead log segments.',
    { context: 'internal', unit: 'B' },
  ),
];
