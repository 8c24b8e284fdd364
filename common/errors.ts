/**
 * The one error type that crosses room borders: a message for people, a SQLSTATE for programs, a hint that
 * says what to do. Every room throws it (or a subclass); the wire protocol turns it into an ErrorResponse.
 */

/** SQLSTATE codes by the condition names of PostgreSQL's Appendix A; the only place where raw codes stand. */
export const SqlState = {
  successfulCompletion: '00000',
  warning: '01000',
  connectionException: '08000',
  connectionFailure: '08006',
  protocolViolation: '08P01',
  featureNotSupported: '0A000',
  cardinalityViolation: '21000',
  dataException: '22000',
  stringDataRightTruncation: '22001',
  numericValueOutOfRange: '22003',
  invalidDatetimeFormat: '22007',
  datetimeFieldOverflow: '22008',
  divisionByZero: '22012',
  characterNotInRepertoire: '22021',
  invalidParameterValue: '22023',
  invalidTextRepresentation: '22P02',
  invalidBinaryRepresentation: '22P03',
  badCopyFileFormat: '22P04',
  untranslatableCharacter: '22P05',
  integrityConstraintViolation: '23000',
  notNullViolation: '23502',
  foreignKeyViolation: '23503',
  uniqueViolation: '23505',
  checkViolation: '23514',
  invalidTransactionState: '25000',
  activeSqlTransaction: '25001',
  readOnlySqlTransaction: '25006',
  noActiveSqlTransaction: '25P01',
  inFailedSqlTransaction: '25P02',
  idleInTransactionSessionTimeout: '25P03',
  invalidSqlStatementName: '26000',
  invalidAuthorizationSpecification: '28000',
  invalidPassword: '28P01',
  savepointException: '3B001',
  invalidCatalogName: '3D000',
  invalidCursorName: '34000',
  serializationFailure: '40001',
  deadlockDetected: '40P01',
  insufficientPrivilege: '42501',
  syntaxError: '42601',
  invalidName: '42602',
  reservedName: '42939',
  duplicateColumn: '42701',
  ambiguousColumn: '42702',
  undefinedColumn: '42703',
  undefinedObject: '42704',
  duplicateObject: '42710',
  duplicateFunction: '42723',
  duplicatePreparedStatement: '42P05',
  duplicateCursor: '42P03',
  invalidColumnReference: '42P10',
  invalidCursorDefinition: '42P11',
  groupingError: '42803',
  datatypeMismatch: '42804',
  wrongObjectType: '42809',
  undefinedFunction: '42883',
  indeterminateDatatype: '42P18',
  undefinedTable: '42P01',
  undefinedParameter: '42P02',
  duplicateSchema: '42P06',
  duplicateTable: '42P07',
  invalidSchemaName: '3F000',
  insufficientResources: '53000',
  diskFull: '53100',
  outOfMemory: '53200',
  tooManyConnections: '53300',
  configurationLimitExceeded: '53400',
  programLimitExceeded: '54000',
  statementTooComplex: '54001',
  objectNotInPrerequisiteState: '55000',
  objectInUse: '55006',
  cantChangeRuntimeParam: '55P02',
  lockNotAvailable: '55P03',
  queryCanceled: '57014',
  adminShutdown: '57P01',
  cannotConnectNow: '57P03',
  idleSessionTimeout: '57P05',
  systemError: '58000',
  ioError: '58030',
  undefinedFile: '58P01',
  internalError: 'XX000',
  dataCorrupted: 'XX001',
} as const;

declare const foreign: unique symbol;
/** A code that PostgreSQL itself gave, through the catalog: any of its Appendix A. */
export type ForeignSqlState = string & { readonly [foreign]: true };

export type SqlState = (typeof SqlState)[keyof typeof SqlState] | ForeignSqlState;

/** A code as PostgreSQL sent it; undefined when it is none. */
export function foreignSqlState(code: string): ForeignSqlState | undefined {
  return isSqlState(code) ? code : undefined;
}

function isSqlState(code: string): code is ForeignSqlState {
  return /^[0-9A-Z]{5}$/.test(code);
}

export interface SqlensErrorFields {
  readonly sqlState: SqlState;
  readonly message: string;
  /** What the user can do about it. */
  readonly hint?: string;
  readonly detail?: string;
  /** 1-based offset, in characters, into the statement text. */
  readonly position?: number;
  /** The context in which it happened, such as the line of COPY's data. */
  readonly where?: string;
  readonly cause?: unknown;
  /** The function of PostgreSQL's that raises it: only where drivers look at it. */
  readonly routine?: string | undefined;
}

export class SqlensError extends Error {
  readonly sqlState: SqlState;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly position: number | undefined;
  readonly where: string | undefined;
  readonly routine: string | undefined;

  constructor(fields: SqlensErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause });
    this.name = new.target.name;
    this.sqlState = fields.sqlState;
    this.hint = fields.hint;
    this.detail = fields.detail;
    this.position = fields.position;
    this.where = fields.where;
    this.routine = fields.routine;
  }
}

/** The message of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Makes a switch over a discriminated union exhaustive: adding a member breaks the build, not the run. */
export function unreachable(value: never): never {
  throw new SqlensError({
    sqlState: SqlState.internalError,
    message: `unexpected variant ${JSON.stringify(value)}`,
  });
}
