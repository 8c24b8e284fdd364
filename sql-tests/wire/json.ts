/** Reading and printing the JSON that follows a message's name. */

export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [name: string]: Json | undefined };

/** On one line, with a space behind every comma and colon. */
export function printJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(printJson).join(', ')}]`;
  if (isObject(value)) {
    const members = Object.entries(value).flatMap(([name, member]) =>
      member === undefined ? [] : [`${JSON.stringify(name)}: ${printJson(member)}`],
    );
    return `{${members.join(', ')}}`;
  }
  return JSON.stringify(value);
}

/** @throws SyntaxError */
export function parseJson(text: string): Json {
  const value: Json = JSON.parse(text);
  return value;
}

export function isObject(value: Json | undefined): value is { readonly [name: string]: Json | undefined } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

/** The members of an object, each of which must be among `known`. */
export function members(
  value: Json,
  known: readonly string[],
): { readonly [name: string]: Json | undefined } {
  if (!isObject(value)) throw new Error(`expected an object, found ${printJson(value)}`);
  const unknown = Object.keys(value).find((name) => !known.includes(name));
  if (unknown !== undefined) throw new Error(`unknown member "${unknown}"; known are ${known.join(', ')}`);
  return value;
}

export function stringOf(value: Json | undefined, otherwise?: string): string {
  const found = value ?? otherwise;
  if (typeof found !== 'string') throw new Error(`expected a string, found ${printJson(found ?? null)}`);
  return found;
}

export function numberOf(value: Json | undefined, otherwise?: number): number {
  const found = value ?? otherwise;
  if (typeof found !== 'number') throw new Error(`expected a number, found ${printJson(found ?? null)}`);
  return found;
}

export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined) return [];
  if (!isArray(value)) throw new Error(`expected a list, found ${printJson(value)}`);
  return value;
}
