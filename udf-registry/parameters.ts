/** What a function takes: one parameter for each input of its model. */
import type { Manifest, TensorSpec } from '../models/artifact.ts';

export type Parameter =
  | { readonly kind: 'image'; readonly name: string }
  | { readonly kind: 'text'; readonly name: string }
  | { readonly kind: 'tensor'; readonly name: string; readonly spec: TensorSpec };

export const IMAGE_PARAMETER: Parameter = { kind: 'image', name: 'image' };

/** @param takesText the model has a tokenizer in front of its inputs */
export function parametersOf(manifest: Manifest, takesText: boolean): readonly Parameter[] {
  const { image, inputs } = manifest;
  if (takesText) return [{ kind: 'text', name: 'text' }];
  const [first, ...others] = inputs;
  if (first === undefined || others.length === 0) {
    if (image !== undefined || first === undefined) return [IMAGE_PARAMETER];
    return [{ kind: 'tensor', name: 'input', spec: first }];
  }
  const names = new Set<string>();
  return inputs.map((spec, at) => {
    const name = parameterName(spec.name, at, names);
    return spec.name === image?.tensor ? { kind: 'image', name } : { kind: 'tensor', name, spec };
  });
}

/** An input's name as one that people can write without quotes, and that no other parameter has. */
function parameterName(inputName: string, at: number, taken: Set<string>): string {
  const plain = inputName
    .toLowerCase()
    .replace(/:\d+$/, '')
    .replace(/[^a-z0-9_]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 48);
  const base = /^[a-z]/.test(plain) ? plain : `input_${at + 1}`;
  let name = base;
  for (let n = 2; taken.has(name); n++) name = `${base}_${n}`;
  taken.add(name);
  return name;
}
