/** What the server and the process that draws its sample images say to each other. */

export interface Order {
  readonly dir: string;
  readonly perClass: number;
  readonly seed: number;
}

export type Report =
  | { readonly kind: 'progress'; readonly done: number; readonly total: number }
  | { readonly kind: 'written'; readonly created: boolean; readonly images: number }
  | { readonly kind: 'failed'; readonly message: string; readonly hint: string | undefined };

export function isOrder(value: unknown): value is Order {
  return has(value, 'dir', 'string') && has(value, 'perClass', 'number') && has(value, 'seed', 'number');
}

export function isReport(value: unknown): value is Report {
  if (typeof value !== 'object' || value === null || !('kind' in value)) return false;
  switch (value.kind) {
    case 'progress':
      return has(value, 'done', 'number') && has(value, 'total', 'number');
    case 'written':
      return has(value, 'created', 'boolean') && has(value, 'images', 'number');
    case 'failed':
      return has(value, 'message', 'string');
    default:
      return false;
  }
}

function has(value: unknown, key: string, type: 'string' | 'number' | 'boolean'): boolean {
  return typeof value === 'object' && value !== null && typeof Reflect.get(value, key) === type;
}
