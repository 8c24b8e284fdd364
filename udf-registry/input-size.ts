import { unreachable } from '../common/errors.ts';
import type { Input } from './api.ts';

/** Bytes of an input's own content: what it holds in memory, and what travels to a worker. */
export function inputSize_bytes(input: Input): number {
  switch (input.kind) {
    case 'stored':
      return input.uri.length;
    case 'bytes':
      return input.bytes.byteLength;
    case 'schema':
      return input.image.data.byteLength;
    case 'text':
      return 2 * input.text.length;
    case 'tensor':
      return input.values.byteLength;
    case 'parts':
      return input.parts.reduce((sum, part) => sum + inputSize_bytes(part), 0);
    default:
      return unreachable(input);
  }
}
