/** Sizes that a foreign ONNX file leaves open and that are settled here: free axes by OPTIONS, the batch by need. */
import { SqlState } from '../../common/errors.ts';
import { ModelError, unsupportedPart } from '../model-error.ts';
import type { DeclaredTensor } from './tensors.ts';

/**
 * Gives free axes the sizes of OPTIONS (input_shape = …): all axes of an input without its batch, or its free ones
 * alone. Inputs that they do not fit stay as they are; throws when they fit none.
 */
export function settleSizes(
  declared: readonly DeclaredTensor[],
  sizes: readonly number[] | undefined,
): readonly DeclaredTensor[] {
  if (sizes === undefined) return declared;
  let fitted = 0;
  const settled = declared.map((input) => {
    const [batch = null, ...shape] = input.dims;
    const free = shape.filter((size) => size === null).length;
    const isWhole =
      shape.length === sizes.length && shape.every((size, axis) => size === null || size === sizes[axis]);
    if (!isWhole && (free === 0 || free !== sizes.length)) return input;
    fitted++;
    const given = isWhole ? sizes : [...sizes];
    let next = 0;
    return {
      ...input,
      dims: [batch, ...shape.map((size, axis) => size ?? (isWhole ? given[axis] : given[next++]) ?? null)],
    };
  });
  if (fitted > 0) return settled;
  const shapes = declared.map(
    ({ name, dims }) =>
      `"${name}" (${dims
        .slice(1)
        .map((size) => size ?? '?')
        .join(', ')})`,
  );
  throw new ModelError({
    sqlState: SqlState.invalidParameterValue,
    message: `input_shape = [${sizes.join(', ')}] fits none of the inputs: ${shapes.join(', ') || 'there are none'}`,
    hint: 'Give all sizes of an input without its batch, or those of its free axes (?) alone.',
  });
}

/** Every input begins with the batch, and those that fix it agree; throws otherwise. */
export function refuseBatches(declared: readonly DeclaredTensor[]): void {
  let known: { readonly name: string; readonly rows: number } | undefined;
  for (const { name, dims } of declared) {
    const [rows] = dims;
    if (rows === undefined || (dims.length === 1 && rows !== null && rows > 1)) {
      throw unsupportedPart(
        `input "${name}"`,
        'it has no batch axis',
        'Export the model with a free batch axis.',
      );
    }
    if (rows === null) continue;
    if (known !== undefined && known.rows !== rows) {
      throw unsupportedPart(
        `input "${name}"`,
        `its first axis is ${rows}, that of "${known.name}" is ${known.rows}: they are not one batch`,
        'Export the model with a free batch axis.',
      );
    }
    known = { name, rows };
  }
}

/** The same inputs for one row at a time. */
export function oneRow(declared: readonly DeclaredTensor[]): readonly DeclaredTensor[] {
  return declared.map((input) => ({ ...input, dims: [1, ...input.dims.slice(1)] }));
}
