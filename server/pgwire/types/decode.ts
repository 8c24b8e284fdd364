/** From the bytes of a Bind message to the values the engine takes. */
import { isUtf8 } from 'node:buffer';
import {
  BLOB,
  DuckDBBlobValue,
  DuckDBListValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { ParameterValue } from '../../query/api.ts';
import type { Format } from '../codec/frontend.ts';
import { decodeBinary } from './decode-binary.ts';
import { decodeText } from './decode-text.ts';
import { parameterText } from './parameter-text.ts';
import { invalidJson } from './parse-error.ts';
import { duckdbTypeOf, elementOid, isJson, Oid, pgTypeOf, typeName } from './pg-type.ts';
import type { FormatSettings } from './scalar-text.ts';

export interface ParameterSource {
  /** What the client declared in Parse; 0 when it left the type to the server. */
  readonly declaredOid: number;
  /** What the statement makes of the parameter, undefined where nothing determines it. */
  readonly resolvedType: DuckDBType | undefined;
  readonly format: Format;
  /** null is SQL's NULL. */
  readonly bytes: Buffer | null;
  /** Its place among the parameters, from 1, for messages. */
  readonly number?: number;
}

/**
 * The type that ParameterDescription names: what the client declared, else what the statement needs, else text, as
 * PostgreSQL decides for a parameter that nothing determines.
 */
export function describedOid(declaredOid: number, resolvedType: DuckDBType | undefined): number {
  if (declaredOid !== 0 && declaredOid !== Oid.unknown) return declaredOid;
  return resolvedType === undefined ? Oid.text : pgTypeOf(resolvedType).oid;
}

/**
 * Decodes a parameter. Text of undeclared type is read as what the statement makes of it, in PostgreSQL's forms and with
 * its errors; where nothing determines the type it stays text without one, for the engine to cast.
 *
 * @throws SqlensError 22P02, 22003, 22007, 22P03 for what is no value of its type, 22021 for text that is not
 *   UTF-8 or holds zero bytes, 0A000 for a type without binary format
 */
export function decodeParameter(source: ParameterSource, settings: FormatSettings): ParameterValue {
  const { declaredOid, resolvedType, bytes } = source;
  if (bytes === null) return { value: null, type: duckdbTypeOf(declaredOid) };
  const oid = describedOid(declaredOid, resolvedType);
  const value = decodeBytes(source, bytes, oid, settings);
  checkDimensions(value, resolvedType, oid);
  return value;
}

function decodeBytes(
  source: ParameterSource,
  bytes: Buffer,
  oid: number,
  settings: FormatSettings,
): ParameterValue {
  const { declaredOid, resolvedType, format } = source;
  const declaredType = duckdbTypeOf(declaredOid);
  const undeclared = declaredOid === 0 || declaredOid === Oid.unknown;
  if (format === 'text') {
    const text = parameterText(bytes);
    if (oid === Oid.jsonb || (oid === Oid.json && (resolvedType === undefined || isJson(resolvedType)))) {
      checkJson(text);
    }
    const determined = duckdbTypeOf(oid) !== undefined || elementOid(oid) !== undefined;
    const engines = isTextual(oid) || isFiner(resolvedType);
    const decodable = declaredType !== undefined || (undeclared && determined && !engines);
    return decodable ? decodeText(oid, text, settings) : { value: text, type: undefined };
  }
  if (undeclared && (oid === Oid.text || oid === Oid.json)) return decodeUndetermined(bytes);
  try {
    return decodeBinary(oid, bytes, settings);
  } catch (error) {
    throw source.number === undefined ? error : numbered(error, source.number);
  }
}

/**
 * A type of DuckDB's has its number of dimensions, which PostgreSQL's has not: a list in the place of a string would
 * become the list's text.
 */
function checkDimensions({ value }: ParameterValue, expected: DuckDBType | undefined, oid: number): void {
  if (expected === undefined || !(value instanceof DuckDBListValue)) return;
  let dimensions = 0;
  for (let item: DuckDBValue = value; item instanceof DuckDBListValue; item = item.items[0] ?? null)
    dimensions++;
  let room = 0;
  for (let type = expected; type.typeId === DuckDBTypeId.LIST || type.typeId === DuckDBTypeId.ARRAY; room++) {
    type = type.valueType;
  }
  if (room === 0 || dimensions === room || (dimensions < room && value.items.length === 0)) return;
  const name = typeName(oid).replace('[]', '');
  throw new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `an array of ${dimensions} dimensions was sent where the statement has one of ${room}`,
    hint: `Write the dimensions into the type of the parameter: $1::${name}${'[]'.repeat(dimensions)}.`,
  });
}

/** As PostgreSQL says which parameter's bytes are wrong. */
function numbered(error: unknown, number: number): unknown {
  if (!(error instanceof SqlensError) || error.sqlState !== SqlState.invalidBinaryRepresentation)
    return error;
  const { sqlState, message, detail, hint } = error;
  return new SqlensError({
    sqlState,
    message: `incorrect binary data format in bind parameter ${number}`,
    detail: detail === undefined ? message : `${message}: ${detail}`,
    hint,
    cause: error,
  });
}

/** DuckDB takes commas behind the last element, and words its errors otherwise. */
function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    throw invalidJson();
  }
}

/** Text for the engine, whatever it makes of it: STRUCT and MAP are json to the client. */
function isTextual(oid: number): boolean {
  return (
    oid === Oid.text || oid === Oid.varchar || oid === Oid.bpchar || oid === Oid.json || oid === Oid.jsonb
  );
}

/** Nanoseconds would be lost on the way through PostgreSQL's microseconds. */
function isFiner(type: DuckDBType | undefined): boolean {
  return type?.typeId === DuckDBTypeId.TIMESTAMP_NS || type?.typeId === DuckDBTypeId.TIME_NS;
}

/**
 * Bytes of which nobody knows the type: clients that were told "text" send text, and clients that declare nothing
 * (node-postgres with a Buffer) send binary data. Text has no zero bytes and is UTF-8; images never are.
 */
function decodeUndetermined(bytes: Buffer): ParameterValue {
  if (isUtf8(bytes) && !bytes.includes(0)) return { value: bytes.toString('utf8'), type: undefined };
  return { value: new DuckDBBlobValue(bytes), type: BLOB };
}
