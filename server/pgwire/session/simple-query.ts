/** The simple query protocol: one Query message, any number of statements, one implicit transaction. */
import type { StatementText } from '../../query/api.ts';
import { withoutParameters } from '../../query/describe/bound.ts';
import type { Format } from '../codec/frontend.ts';
import { describeColumns } from './columns.ts';
import type { SessionContext } from './context.ts';
import { type ErrorSource, StatementFailure } from './report.ts';
import { streamOf } from './streams.ts';

/**
 * Runs the statements of a Query message one after the other, and ends their implicit transaction. The last
 * statement's completion is sent when that transaction is committed, not before.
 *
 * @throws StatementFailure for the first statement that fails; the rest is not run
 */
export async function simpleQuery(context: SessionContext, sql: string): Promise<void> {
  const { backend, output, registry } = context;
  // As in PostgreSQL, a Query takes the place of the unnamed statement and portal.
  backend.statements.delete('');
  await registry.closePortal('');
  let source: ErrorSource = { sql, offset: 0 };
  try {
    const statements = backend.split(sql);
    // One statement says by itself what is wrong with it; of several none may run when one is none.
    for (const statement of statements.length > 1 ? statements : []) {
      source = { sql, offset: statement.offset };
      await backend.checkSyntax(statement.text);
    }
    const alone = statements.length <= 1 && !context.pipelined;
    let completion: string | undefined;
    for (const statement of statements) {
      source = { sql, offset: statement.offset };
      if (completion !== undefined) output.send({ kind: 'commandComplete', tag: completion });
      completion = await runStatement(context, statement, alone);
    }
    await context.sync(false);
    if (completion === undefined) output.send({ kind: 'emptyQueryResponse' });
    else output.send({ kind: 'commandComplete', tag: completion });
  } catch (error) {
    throw new StatementFailure(error, source);
  }
}

/** @returns the command tag, undefined for an empty statement */
async function runStatement(
  context: SessionContext,
  { text }: StatementText,
  alone: boolean,
): Promise<string | undefined> {
  const { backend, output } = context;
  const prepared = await backend.prepare(text, []);
  if (prepared.isEmpty) return undefined;
  const wasIdle = context.isIdle();
  const execution = await backend.execute(withoutParameters(prepared), { alone });
  try {
    const columns = execution.columns ?? prepared.columns;
    const formats: Format[] = execution.isBinary === true ? ['binary'] : [];
    if (columns !== undefined)
      output.send({ kind: 'rowDescription', fields: describeColumns(columns, formats) });
    await streamOf(context, execution, undefined, formats).send(output, 0);
    // COMMIT and ROLLBACK end portals at once, not with the Query.
    if (!wasIdle && context.isIdle()) await context.registry.closePortals();
    return execution.commandTag;
  } finally {
    await execution.close();
  }
}
