/**
 * What a role may do, in one place. An analyst reads and calls functions: whatever would change a table, a definition, a
 * model, a sequence or a file is refused before the engine sees it, by the kind of the statement. Names are not looked
 * up: what an analyst may not do to any table he may not do to one that does not exist either.
 *
 * Temporary tables are refused too: PostgreSQL lets everyone have them, but a statement could then write to any name
 * that a temporary table has taken, and whether it has is not in the statement's text.
 */
import { SqlensError, SqlState, unreachable } from '../../../common/errors.ts';
import type { Role } from '../api.ts';
import { behindBracket, findTopLevel, findWord, readName } from '../text/clauses.ts';
import { classify, explainedTokens, type SqlensVerb, type StatementKind } from '../text/statements.ts';
import type { Token } from '../text/tokens.ts';

const DATABASE = 'sqlens';

/**
 * @param tokens the statement's
 * @throws 42501 as PostgreSQL words it for a user who has been granted SELECT and EXECUTE
 */
export function checkPrivileges(role: Role, tokens: readonly Token[], statement: StatementKind): void {
  if (role === 'admin') return;
  refuseSequences(tokens);
  switch (statement.kind) {
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge': {
      const verb = findWord(tokens, 0, statement.kind);
      throw denied(`permission denied for table ${nameAt(tokens, verb + 1).name}`);
    }
    case 'create-table-as':
    case 'ddl':
      throw definitionDenied(tokens);
    case 'copy':
      checkCopy(role, tokens);
      return;
    case 'explain': {
      const explained = explainedTokens(tokens);
      // PostgreSQL asks for the privileges of what is explained, whether it is run or not.
      if (explained.length > 0) checkPrivileges(role, explained, classify(explained));
      return;
    }
    case 'lock': {
      // The weakest lock is what SELECT itself takes.
      const mode = findWord(tokens, 1, 'in');
      if (tokens[mode + 1]?.value === 'access' && tokens[mode + 2]?.value === 'share') return;
      throw denied(`permission denied for table ${nameAt(tokens, 1).name}`);
    }
    case 'sqlens':
      checkVerb(statement.verb, tokens);
      return;
    case 'prepare': {
      // What is prepared is checked when it is parsed; this only says it in time.
      const body = tokens.slice(findWord(tokens, 2, 'as') + 1);
      if (body.length > 0 && body.length < tokens.length) checkPrivileges(role, body, classify(body));
      return;
    }
    case 'query':
    case 'show-engine':
    case 'begin':
    case 'commit':
    case 'rollback':
    case 'savepoint':
    case 'release':
    case 'rollback-to':
    case 'two-phase':
    case 'set':
    case 'show':
    case 'reset':
    case 'discard':
    case 'execute':
    case 'deallocate':
    // What is declared is checked when it is parsed.
    case 'declare':
    case 'fetch':
    case 'move':
    case 'close':
    case 'listen':
    case 'unlisten':
    case 'notify':
    case 'upkeep':
    case 'session-call':
    case 'unsupported':
    case 'no-op':
    case 'refused':
      return;
    default:
      unreachable(statement);
  }
}

/** COPY … TO STDOUT reads; everything else that COPY does is a write, here or in a table. */
function checkCopy(role: Role, tokens: readonly Token[]): void {
  const isQuery = tokens[1]?.value === '(' && tokens[1].kind === 'operator';
  const behindSource = isQuery ? behindBracket(tokens, 1) : 1;
  if (isQuery) {
    const query = tokens.slice(2, behindSource - 1);
    if (query.length > 0) checkPrivileges(role, query, classify(query));
  }
  const at = findWord(tokens, behindSource, 'from', 'to');
  const other = tokens[at + 1];
  const isClient = other?.kind === 'word' && /^std(in|out)$/.test(other.value);
  if (tokens[at]?.value === 'to') {
    if (!isClient) throw fileDenied('to', 'write');
  } else if (isClient) {
    throw denied(`permission denied for table ${nameAt(tokens, 1).name}`);
  } else {
    throw fileDenied('from', 'read');
  }
}

function checkVerb(verb: SqlensVerb, tokens: readonly Token[]): void {
  switch (verb) {
    case 'show-models':
    case 'show-named-models':
    case 'show-model-versions':
    case 'describe-model':
      return;
    case 'create-model':
    case 'register-keras-udf':
    case 'create-image-table':
      throw denied('permission denied for schema public');
    case 'drop-model':
    case 'alter-model':
      throw denied(`must be owner of model ${nameAt(tokens, 2).name}`);
    case 'drop-image-table':
      throw denied(`must be owner of foreign table ${nameAt(tokens, 2).name}`);
    case 'refresh-table':
      throw denied(`must be owner of table ${nameAt(tokens, 1).name}`);
    default:
      unreachable(verb);
  }
}

/** Words between a statement's verb and the kind of thing, and between that and its name. */
const MODIFIERS = new Set(['or', 'replace', 'temp', 'temporary', 'unique', 'persistent', 'local', 'global']);
const BEFORE_NAME = new Set(['table', 'into', 'from', 'only', 'if', 'not', 'exists', 'external', 'foreign']);

function definitionDenied(tokens: readonly Token[]): SqlensError {
  const verb = tokens[0]?.value;
  const kindAt = findTopLevel(tokens, 1, (token) => !MODIFIERS.has(token.value));
  const kind = tokens[kindAt]?.value ?? '';
  switch (verb) {
    case 'create': {
      if (kind === 'schema') return denied(`permission denied for database ${DATABASE}`);
      if (kind === 'index') {
        const on = findWord(tokens, kindAt, 'on');
        return denied(`must be owner of table ${nameAt(tokens, on + 1).name}`);
      }
      const isTemporary = tokens.slice(1, kindAt).some(({ value }) => /^temp(orary)?$/.test(value));
      if (isTemporary && kind === 'table') {
        return denied(`permission denied to create temporary tables in database "${DATABASE}"`);
      }
      return denied(`permission denied for schema ${nameAt(tokens, kindAt + 1).schema ?? 'public'}`);
    }
    case 'truncate':
      return denied(`permission denied for table ${nameAt(tokens, 1).name}`);
    case 'comment': {
      const on = findWord(tokens, 1, 'on');
      const what = tokens[on + 1]?.value ?? 'object';
      const { name, schema } = nameAt(tokens, on + 2);
      // A column's own name is the last part, its table's the one before.
      return what === 'column'
        ? denied(`must be owner of table ${schema ?? name}`)
        : denied(`must be owner of ${what} ${name}`);
    }
    case 'select':
    case 'with':
      return denied(
        `permission denied for schema ${nameAt(tokens, findWord(tokens, 1, 'into')).schema ?? 'public'}`,
      );
    default:
      return denied(
        `must be owner of ${kind === 'macro' ? 'function' : kind} ${nameAt(tokens, kindAt + 1).name}`,
      );
  }
}

interface FoundName {
  readonly name: string;
  readonly schema: string | undefined;
}

/** The name, qualified or not, that begins at a token or behind the noise words there. */
function nameAt(tokens: readonly Token[], from: number): FoundName {
  let at = from;
  while (tokens[at]?.kind === 'word' && BEFORE_NAME.has(tokens[at]?.value ?? '')) at++;
  const { parts } = readName(tokens, at);
  return { name: parts.at(-1) ?? '', schema: parts.at(-2) };
}

/** A sequence that is asked for its next value has changed; those that views and functions ask are their owners' affair. */
function refuseSequences(tokens: readonly Token[]): void {
  for (const [at, token] of tokens.entries()) {
    const isName = token.kind === 'word' || token.kind === 'quoted';
    if (!isName || !/^(next|set)val$/i.test(token.value) || tokens[at + 1]?.value !== '(') continue;
    throw denied(`permission denied for sequence ${tokens[at + 2]?.value ?? ''}`);
  }
}

function denied(message: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message,
    hint: 'The role analyst reads and calls functions; connect as a user with the role admin for anything else.',
  });
}

function fileDenied(direction: 'to' | 'from', verb: 'write' | 'read'): SqlensError {
  const hint =
    direction === 'to' ? 'COPY … TO STDOUT sends the rows to you.' : 'Ask an admin to load the file.';
  return new SqlensError({
    sqlState: SqlState.insufficientPrivilege,
    message: `permission denied to COPY ${direction} a file`,
    detail: `Only users with the role admin may ${verb} a file on the server by COPY.`,
    hint,
  });
}
