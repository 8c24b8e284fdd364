/** Execute: which path a statement takes. */
import { SqlensError, SqlState } from '../../../common/errors.ts';
import type { Execution, ParameterValue } from '../api.ts';
import { runControl } from '../control/index.ts';
import { runClientCopy } from '../copy/run.ts';
import { runSqlensVerb } from '../ddl/index.ts';
import { bindValues } from '../describe/parameter-values.ts';
import type { Parsed } from '../describe/parsed.ts';
import { runPoint } from '../points/run-point.ts';
import type { SessionContext } from '../session/session-context.ts';
import { finished } from './executions.ts';
import { runDefinition } from './run-definition.ts';
import { runExplain } from './run-explain.ts';
import { runQuery } from './run-query.ts';
import { runWrite } from './run-write.ts';

export async function runStatement(
  context: SessionContext,
  parsed: Parsed,
  parameters: readonly ParameterValue[],
): Promise<Execution> {
  const { statement } = parsed;
  switch (statement.kind) {
    case 'query':
    case 'show-engine': {
      const bound = await bindValues(context.engine, parsed, parameters);
      return (await runPoint(context, parsed, bound)) ?? runQuery(context, parsed, bound);
    }
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
    case 'create-table-as':
      return runWrite(context, parsed, await bindValues(context.engine, parsed, parameters));
    case 'copy':
      return parsed.copy === undefined
        ? runWrite(context, parsed, await bindValues(context.engine, parsed, parameters))
        : runClientCopy(context, parsed.copy);
    case 'explain':
      return runExplain(context, parsed, await bindValues(context.engine, parsed, parameters));
    case 'ddl':
      return runDefinition(context, parsed, statement.tag);
    case 'sqlens':
      return runSqlensVerb(context, statement.verb, parsed);
    case 'refused':
      throw new SqlensError({
        sqlState: SqlState.insufficientPrivilege,
        message: `${statement.what} is not available over SQL`,
      });
    case 'no-op':
      return finished(statement.tag);
    default:
      return runControl(context, parsed, statement, parameters);
  }
}
