/**
 * DuckDB's own syntax tree as JSON. Numbers are kept as they are written (lossless-json): JSON.parse would change
 * long integers and decimals, and with them the statement.
 */
import type { DuckDBConnection } from '@duckdb/node-api';
import { LosslessNumber, parse, stringify } from 'lossless-json';

export type Json = null | boolean | string | LosslessNumber | Json[] | JsonObject;
export interface JsonObject {
  [name: string]: Json;
}

export function isObject(value: Json | undefined): value is JsonObject {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber)
  );
}

/** Reading a tree holds the event loop for about a millisecond a kilobyte; a list of constants makes one of many MB. */
const MAX_TREE_LENGTH = 256 * 1024;

/** @returns undefined when DuckDB cannot serialise the statement, or it is very long: it is then run as it is */
export async function readAst(connection: DuckDBConnection, sql: string): Promise<JsonObject | undefined> {
  const reader = await connection.runAndReadAll('SELECT json_serialize_sql($1::VARCHAR)::VARCHAR', [sql]);
  const text = String(reader.getRows()[0]?.[0]);
  if (text.length > MAX_TREE_LENGTH) return undefined;
  const tree = parseTree(text);
  return isObject(tree) && tree.error === false ? tree : undefined;
}

/** DuckDB writes infinite numbers as no JSON knows them. */
function parseTree(text: string): Json {
  try {
    return toJson(parse(text));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

export async function writeAst(connection: DuckDBConnection, tree: JsonObject): Promise<string> {
  const reader = await connection.runAndReadAll('SELECT json_deserialize_sql($1::JSON)', [
    stringify(tree) ?? '',
  ]);
  return String(reader.getRows()[0]?.[0]);
}

/** Visits every object of the tree, children first. */
export function visit(value: Json | undefined, visitor: (node: JsonObject) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, visitor);
  else if (isObject(value)) {
    for (const child of Object.values(value)) visit(child, visitor);
    visitor(value);
  }
}

/** Names of all functions that an expression calls, lower case. */
export function calledFunctions(expression: Json | undefined): Set<string> {
  const names = new Set<string>();
  visit(expression, (node) => {
    if (typeof node.function_name === 'string') names.add(node.function_name.toLowerCase());
  });
  return names;
}

export function contains(expression: Json | undefined, test: (node: JsonObject) => boolean): boolean {
  let found = false;
  visit(expression, (node) => {
    found ||= test(node);
  });
  return found;
}

function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (value instanceof LosslessNumber) return value;
  if (Array.isArray(value)) return value.map(toJson);
  if (typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, child]) => [name, toJson(child)]));
  }
  return String(value);
}
