/** The extended query protocol: Parse, Bind, Describe, Execute, Close. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { BoundStatement, CatalogColumn, PreparedStatement, ResultColumn } from '../../query/api.ts';
import { heldByStatement, type NamedStatement } from '../../query/session/prepared-statements.ts';
import type { Format, FrontendMessage } from '../codec/frontend.ts';
import { malformed } from '../codec/protocol-error.ts';
import { decodeParameter, describedOid } from '../types/decode.ts';
import { duckdbTypeOf } from '../types/pg-type.ts';
import type { FormatSettings } from '../types/scalar-text.ts';
import { describeColumns, formatOf } from './columns.ts';
import type { SessionContext } from './context.ts';
import type { Portal } from './registry.ts';
import { type ErrorSource, StatementFailure } from './report.ts';
import type { PortalStream, Sent } from './row-stream.ts';
import { streamOf } from './streams.ts';

type Message<K extends FrontendMessage['kind']> = Extract<FrontendMessage, { kind: K }>;

/** What a statement or portal takes besides its text and values; keeps empty ones from being free. */
const overhead_bytes = 1024;

export async function parse(context: SessionContext, message: Message<'parse'>): Promise<void> {
  const { backend, output } = context;
  const { statements } = backend;
  statements.checkNew(message.name);
  // The unnamed statement is gone even when its successor cannot be parsed.
  if (message.name === '') statements.delete('');
  const [statement, ...others] = backend.split(message.sql);
  if (others.length > 0) {
    throw new SqlensError({
      sqlState: SqlState.syntaxError,
      message: 'cannot insert multiple commands into a prepared statement',
      hint: 'Prepare each statement by itself, or send them without parameters as one simple query.',
    });
  }
  // Without the semicolons around it, which are none of the statement's.
  const source = { sql: message.sql, offset: statement?.offset ?? 0 };
  const prepared = await placed(
    source,
    backend.prepare(
      statement?.text ?? message.sql,
      message.parameterOids.map((oid) => ({ oid, type: duckdbTypeOf(oid) })),
    ),
  );
  statements.add(message.name, {
    prepared,
    source,
    declaredOids: message.parameterOids,
    held_bytes: heldByStatement(message.sql),
    from: 'protocol',
    text: message.sql,
    preparedAt: new Date(),
  });
  output.send({ kind: 'parseComplete' });
}

/** Lets an error's position count in the text that the client parsed. */
async function placed<T>(source: ErrorSource, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new StatementFailure(error, source);
  }
}

export async function bind(context: SessionContext, message: Message<'bind'>): Promise<void> {
  const { output, registry, settings } = context;
  const statement = context.backend.statements.get(message.statement);
  const columns = columnsOf(statement.prepared);
  const required = parameterOids(statement).length;
  if (message.parameters.length !== required) {
    throw malformed(
      `bind message supplies ${message.parameters.length} parameters, but prepared statement "${message.statement}" requires ${required}`,
    );
  }
  const formatCount = message.resultFormats.length;
  if (formatCount > 1 && formatCount !== (columns?.length ?? 0)) {
    throw malformed(
      `bind message has ${formatCount} result formats but query has ${columns?.length ?? 0} columns`,
    );
  }
  registry.checkNewPortal(message.portal);
  const bound = bindValues(statement, message, settings);
  if (message.portal === '') await registry.closePortal('');
  registry.addPortal({
    name: message.portal,
    statement,
    bound,
    resultFormats: message.resultFormats,
    held_bytes: message.parameters.reduce((sum, bytes) => sum + (bytes?.length ?? 0), overhead_bytes),
    state: { kind: 'ready' },
  });
  output.send({ kind: 'bindComplete' });
}

function bindValues(
  { prepared, declaredOids }: NamedStatement,
  { parameters, parameterFormats, resultFormats }: Message<'bind'>,
  settings: FormatSettings,
): BoundStatement {
  if (prepared.kind === 'catalog') {
    return { kind: 'catalog', statement: prepared, parameters, parameterFormats, resultFormats };
  }
  const { parameterTypes } = prepared;
  const values = parameters.map((bytes, index) => {
    const declaredOid = declaredOids[index] ?? 0;
    const format = formatOf(parameterFormats, index);
    const resolvedType = parameterTypes[index];
    return decodeParameter({ declaredOid, resolvedType, format, bytes, number: index + 1 }, settings);
  });
  // The engine knows nothing of parameters that were declared and are not used.
  return { kind: 'engine', statement: prepared, parameters: values.slice(0, parameterTypes.length) };
}

/** Never executes: what comes is known from preparing. */
export function describe(context: SessionContext, message: Message<'describe'>): void {
  const { output, registry } = context;
  if (message.target === 'statement') {
    const statement = context.backend.statements.get(message.name);
    output.send({ kind: 'parameterDescription', oids: parameterOids(statement) });
    describeRows(context, statement, []);
  } else {
    const cursor = registry.hasPortal(message.name) ? undefined : context.backend.cursors.find(message.name);
    if (cursor !== undefined) {
      const formats: Format[] = cursor.isBinary ? ['binary'] : [];
      output.send({ kind: 'rowDescription', fields: describeColumns(cursor.columns, formats) });
      return;
    }
    const portal = registry.portal(message.name);
    describeRows(context, portal.statement, portal.resultFormats);
  }
}

/** A parameter that was declared is one, used or not. */
function parameterOids({ prepared, declaredOids }: NamedStatement): readonly number[] {
  if (prepared.kind === 'catalog') return prepared.parameterOids;
  const length = Math.max(prepared.parameterTypes.length, declaredOids.length);
  return Array.from({ length }, (_, index) =>
    describedOid(declaredOids[index] ?? 0, prepared.parameterTypes[index]),
  );
}

function describeRows(
  { output }: SessionContext,
  { prepared }: NamedStatement,
  formats: Portal['resultFormats'],
): void {
  const columns = columnsOf(prepared);
  if (columns === undefined) output.send({ kind: 'noData' });
  else output.send({ kind: 'rowDescription', fields: describeColumns(columns, formats) });
}

/**
 * Runs a portal, or goes on with it.
 * @param last nothing but Sync follows, so that the statement may commit by itself
 */
export async function execute(
  context: SessionContext,
  message: Message<'execute'>,
  last: boolean,
): Promise<void> {
  const { output, registry } = context;
  const isCursor =
    !registry.hasPortal(message.portal) && context.backend.cursors.find(message.portal) !== undefined;
  if (isCursor) return executeCursor(context, message);
  const portal = registry.portal(message.portal);
  if (portal.statement.prepared.isEmpty) {
    output.send({ kind: 'emptyQueryResponse' });
    return;
  }
  if (portal.state.kind === 'ended') {
    output.send({ kind: 'commandComplete', tag: tagOfEnded(portal) });
    return;
  }
  const wasIdle = context.isIdle();
  const resumed = portal.state.kind === 'running';
  const stream = portal.state.kind === 'running' ? portal.state.stream : await start(context, portal, last);
  const { rowCount, ended } = await sendRows(context, portal, stream, message.maxRows);
  if (!ended) {
    output.send({ kind: 'portalSuspended' });
    return;
  }
  const tag = stream.execution.commandTag;
  await stream.execution.close();
  portal.state = { kind: 'ended' };
  // COMMIT and ROLLBACK end portals at once, not with the next Sync.
  if (!wasIdle && context.isIdle()) await registry.closePortals();
  // The count of a portal that was read in pieces is that of the last piece.
  output.send({
    kind: 'commandComplete',
    tag: resumed ? tag.replace(/^(SELECT|FETCH|INSERT 0|UPDATE|DELETE|MERGE) \d+$/, `$1 ${rowCount}`) : tag,
  });
}

/** A cursor that SQL has declared is a portal as well: Execute goes on with it. */
async function executeCursor(
  context: SessionContext,
  { portal, maxRows }: Message<'execute'>,
): Promise<void> {
  const { backend, output } = context;
  const name = `"${portal.replaceAll('"', '""')}"`;
  const statement = await backend.prepare(`FETCH ${maxRows === 0 ? 'ALL' : maxRows} FROM ${name}`, []);
  if (statement.kind !== 'engine') throw malformed(`portal "${portal}" cannot be executed`);
  const execution = await backend.execute({ kind: 'engine', statement, parameters: [] }, { alone: false });
  try {
    const formats: Format[] = backend.cursors.find(portal)?.isBinary === true ? ['binary'] : [];
    const { rowCount } = await streamOf(context, execution, columnsOf(statement), formats).send(output, 0);
    if (maxRows > 0 && rowCount >= maxRows) output.send({ kind: 'portalSuspended' });
    else output.send({ kind: 'commandComplete', tag: `SELECT ${rowCount}` });
  } finally {
    await execution.close();
  }
}

/** What a statement's rows are made of, whoever answers it. */
function columnsOf(prepared: PreparedStatement): readonly (ResultColumn | CatalogColumn)[] | undefined {
  return prepared.kind === 'engine' ? (prepared.columns ?? prepared.catalogColumns) : prepared.columns;
}

/** A portal whose statement failed cannot go on. */
async function sendRows(
  { output, registry }: SessionContext,
  portal: Portal,
  stream: PortalStream,
  maxRows: number,
): Promise<Sent> {
  try {
    return await placed(portal.statement.source, stream.send(output, maxRows));
  } catch (error) {
    await registry.closePortal(portal.name);
    throw error;
  }
}

async function start(context: SessionContext, portal: Portal, last: boolean): Promise<PortalStream> {
  const { backend } = context;
  const { prepared } = portal.statement;
  const alone = last && !context.pipelined;
  context.pipelined = true;
  const execution = await placed(portal.statement.source, backend.execute(portal.bound, { alone }));
  try {
    const stream = streamOf(context, execution, columnsOf(prepared), portal.resultFormats);
    portal.state = { kind: 'running', stream };
    return stream;
  } catch (error) {
    await execution.close();
    throw error;
  }
}

/** A query that has ended has no more rows; a command cannot run twice. */
function tagOfEnded(portal: Portal): string {
  if (columnsOf(portal.statement.prepared) !== undefined) return 'SELECT 0';
  throw new SqlensError({
    sqlState: SqlState.objectNotInPrerequisiteState,
    message: `portal "${portal.name}" cannot be run`,
    hint: 'Bind the statement again to run it again.',
  });
}

export async function close(context: SessionContext, message: Message<'close'>): Promise<void> {
  const { backend, registry } = context;
  if (message.target === 'statement') backend.statements.delete(message.name);
  else if (registry.hasPortal(message.name)) await registry.closePortal(message.name);
  else await backend.cursors.closeIfThere(message.name);
  context.output.send({ kind: 'closeComplete' });
}
