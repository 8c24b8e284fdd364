/** DuckDB's errors as SqlensErrors: SQLSTATE by kind, position and message from its JSON form (`errors_as_json`). */
import { messageOf, SqlensError, SqlState } from '../../../common/errors.ts';
import { NAMED_FUNCTION_NAMES } from '../../../udf-registry/named-uses.ts';
import { postgresWording } from './postgres-wording.ts';

interface DuckDBErrorInfo {
  readonly type: string;
  readonly message: string;
  readonly subtype: string | undefined;
  /** 0-based offset in bytes. */
  readonly position_bytes: number | undefined;
  readonly entryType: string | undefined;
}

export interface ErrorContext {
  /** The text that DuckDB saw, to turn byte offsets into characters. */
  readonly sql: string;
  /** Maps a 1-based position in the text that DuckDB saw to one in the user's. */
  readonly original?: (position: number) => number;
}

/** @returns the error as it is when it is one of ours already */
export function fromDuckDBError(error: unknown, context: ErrorContext): SqlensError {
  if (error instanceof SqlensError) return error;
  const info = parse(messageOf(error));
  const [message, advice] = splitHint(info.message);
  const renamed = rename(message);
  if (/^Key name for struct_extract needs to be a constant/.test(message) && NAMED_CALL.test(context.sql)) {
    return nameNotConstant(error);
  }
  const position = positionOf(info, context);
  const wording = postgresWording(renamed, position);
  return new SqlensError({
    sqlState: wording?.sqlState ?? sqlStateOf(info),
    message: wording?.message ?? renamed,
    hint: hintOf(message, advice),
    position,
    cause: error,
  });
}

const NAMED_CALL = new RegExp(`\\b(?:${NAMED_FUNCTION_NAMES.join('|')})\\s*\\(`, 'i');

/** Their macros look the name up as a field's, which DuckDB computes when it binds them: see named-functions.ts. */
function nameNotConstant(cause: unknown): SqlensError {
  return new SqlensError({
    sqlState: SqlState.invalidParameterValue,
    message: 'the name of a model must be a constant',
    hint: "Write the name itself, as in image_features(image, 'MobileNetV2'): the result's type follows from it.",
    cause,
  });
}

function parse(text: string): DuckDBErrorInfo {
  const start = text.indexOf('{"exception_type"');
  if (start >= 0) {
    try {
      const json: unknown = JSON.parse(text.slice(start));
      if (typeof json === 'object' && json !== null) {
        const fields = new Map<string, unknown>(Object.entries(json));
        const string = (name: string) => {
          const value = fields.get(name);
          return typeof value === 'string' ? value : undefined;
        };
        const position = Number(string('position') ?? Number.NaN);
        return {
          type: string('exception_type') ?? 'Unknown',
          message: string('exception_message') ?? text,
          subtype: string('error_subtype'),
          position_bytes: Number.isSafeInteger(position) ? position : undefined,
          entryType: string('type'),
        };
      }
    } catch {
      // Not JSON after all: the text below is what we have.
    }
  }
  const [, type, message] = /^([A-Z][A-Za-z ]*?) Error: ([\s\S]*)$/.exec(text) ?? [];
  return {
    type: type ?? 'Unknown',
    message: message ?? text,
    subtype: undefined,
    position_bytes: undefined,
    entryType: undefined,
  };
}

function sqlStateOf(info: DuckDBErrorInfo): SqlState {
  const { message } = info;
  switch (info.type) {
    case 'Parser':
    case 'Syntax':
      return SqlState.syntaxError;
    case 'Binder':
      return binderState(info);
    case 'Catalog':
      return catalogState(info);
    case 'Constraint':
      if (/duplicate key|unique/i.test(message)) return SqlState.uniqueViolation;
      if (/not null/i.test(message)) return SqlState.notNullViolation;
      if (/check/i.test(message)) return SqlState.checkViolation;
      if (/foreign key/i.test(message)) return SqlState.foreignKeyViolation;
      return SqlState.integrityConstraintViolation;
    case 'Conversion':
      if (/^(date|time|timestamp) field value out of range|^Date out of range/.test(message)) {
        return SqlState.datetimeFieldOverflow;
      }
      if (/out of range/i.test(message)) return SqlState.numericValueOutOfRange;
      return /date|time|interval/i.test(message) && !/Could not convert string/.test(message)
        ? SqlState.invalidDatetimeFormat
        : SqlState.invalidTextRepresentation;
    case 'Out of Range':
      return SqlState.numericValueOutOfRange;
    case 'Mismatch Type':
      return SqlState.datatypeMismatch;
    case 'Invalid Input':
      // Macros of ours, in PostgreSQL's words: see dialect/macros/.
      if (message === 'division by zero') return SqlState.divisionByZero;
      if (/More than one row returned by a subquery/.test(message)) return SqlState.cardinalityViolation;
      return /Values were not provided/.test(message) ? SqlState.undefinedParameter : SqlState.dataException;
    case 'Not implemented':
      return SqlState.featureNotSupported;
    case 'TransactionContext':
      if (/aborted/i.test(message)) return SqlState.inFailedSqlTransaction;
      return /conflict/i.test(message) ? SqlState.serializationFailure : SqlState.invalidTransactionState;
    case 'Dependency':
      return SqlState.objectInUse;
    case 'INTERRUPT':
    case 'Interrupt':
      return SqlState.queryCanceled;
    case 'Permission':
      return SqlState.insufficientPrivilege;
    case 'IO':
      return /No such file|No files found/i.test(message) ? SqlState.undefinedFile : SqlState.ioError;
    case 'Out of Memory':
      return SqlState.outOfMemory;
    case 'Serialization':
      return SqlState.dataCorrupted;
    default:
      return SqlState.internalError;
  }
}

function binderState(info: DuckDBErrorInfo): SqlState {
  const { message } = info;
  if (info.subtype === 'COLUMN_NOT_FOUND' || /cannot be referenced before it is defined/.test(message)) {
    return SqlState.undefinedColumn;
  }
  if (/^No function matches|^Macro .* does not support the supplied arguments/.test(message))
    return SqlState.undefinedFunction;
  if (/does not exist/.test(message) && /function/i.test(message)) return SqlState.undefinedFunction;
  if (/^Ambiguous reference/.test(message)) return SqlState.ambiguousColumn;
  if (/must appear in the GROUP BY|aggregate/i.test(message)) return SqlState.groupingError;
  if (/Referenced table|Table .* does not have|not found in FROM/i.test(message))
    return SqlState.undefinedColumn;
  if (/Cannot (compare|mix|cast)|explicit (type )?cast/i.test(message)) return SqlState.datatypeMismatch;
  return SqlState.syntaxError;
}

function catalogState(info: DuckDBErrorInfo): SqlState {
  const kind = info.entryType ?? info.message;
  if (info.subtype === 'ENTRY_ALREADY_EXISTS' || /already exists/.test(info.message)) {
    if (/^schema/i.test(kind)) return SqlState.duplicateSchema;
    if (/table|view/i.test(kind)) return SqlState.duplicateTable;
    return /function|macro/i.test(kind) ? SqlState.duplicateFunction : SqlState.duplicateObject;
  }
  if (/write-write conflict|has been altered/i.test(info.message)) return SqlState.serializationFailure;
  if (/schema/i.test(kind)) return SqlState.invalidSchemaName;
  if (/table|view/i.test(kind)) return SqlState.undefinedTable;
  if (/function|macro/i.test(kind)) return SqlState.undefinedFunction;
  return SqlState.undefinedObject;
}

function positionOf(info: DuckDBErrorInfo, context: ErrorContext): number | undefined {
  if (info.position_bytes === undefined) return undefined;
  const position = Buffer.from(context.sql, 'utf8').subarray(0, info.position_bytes).toString('utf8').length;
  return context.original?.(position + 1) ?? position + 1;
}

/** DuckDB puts advice into the message's later paragraphs; PostgreSQL's protocol has a field for it. */
function splitHint(text: string): [message: string, hint: string | undefined] {
  const at = text.search(/\n\s*(?:Did you mean|Candidate|Either|\n)/);
  if (at < 0) return [text, undefined];
  return [text.slice(0, at).trim(), text.slice(at).trim()];
}

/** DuckDB's own advice, and ours where that misleads or is missing. */
function hintOf(message: string, advice: string | undefined): string | undefined {
  const missing = / with name "?([^"]+?)"? does not exist/.exec(message)?.[1];
  const suggested = /^Did you mean "(?:store\.)?public\.([^"]+)"\?$/.exec(advice ?? '')?.[1];
  // What cannot be found although it is suggested is what DuckDB still keeps for other transactions.
  if (missing !== undefined && suggested?.toLowerCase() === missing.toLowerCase()) {
    return 'It was dropped, or another session has not committed it yet; a view may still refer to it.';
  }
  if (advice !== undefined) return advice;
  if (/^Cannot extract field /.test(message)) {
    return 'A model with labels returns a list of structs, best first: [1].class is the best label.';
  }
  if (/file system operations are disabled/.test(message)) {
    return 'Files are read and written below the folders that the server was started with (--allow-path).';
  }
  return undefined;
}

/** Internal names never reach people. */
function rename(message: string): string {
  return (
    message
      // Drafts of COPY, as copy-drafts.ts names them.
      .replace(/\.[0-9a-f]{8}-[0-9a-f-]{27}\.part\./g, '')
      .replace(
        /^(Cannot extract field '[^']*') from expression "array_extract\(list_transform\(list_value\([\s\S]*/,
        "$1 from a model's result, which is not a struct",
      )
      .replace(/Scalar Function with name "?__model_\d+"? does not exist!?/, 'the model was dropped')
      .replace(
        /^Macro (.*) does not support the supplied arguments\..*/,
        'function $1 does not take these arguments',
      )
  );
}

/** The message alone. */
export function messageOfDuckDB(error: unknown): string {
  return fromDuckDBError(error, { sql: '' }).message;
}
