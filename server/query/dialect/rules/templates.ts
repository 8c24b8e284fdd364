/** to_char, to_date, to_timestamp and to_number with a constant template. */
import { SqlensError, SqlState } from '../../../../common/errors.ts';
import { quoteLiteral, type Token } from '../../text/tokens.ts';
import type { Edits } from '../edits.ts';
import { type Call, callsOf, onlyToken } from '../operands.ts';
import type { Rule } from '../rule.ts';
import { readingFormat, templateParts } from '../time-templates.ts';

const NAMES = new Set(['to_char', 'to_date', 'to_timestamp', 'to_number']);

export const templates: Rule = {
  name: 'templates',
  needs: [...NAMES],
  apply({ tokens }, edits) {
    for (const call of callsOf(tokens, NAMES)) {
      const [, second] = call.args;
      const template = second === undefined ? undefined : onlyToken(tokens, second);
      const name = tokens[call.at];
      if (call.args.length !== 2 || template?.kind !== 'string' || name === undefined) continue;
      switch (name.value) {
        case 'to_char':
          toChar(tokens, call, name, template, edits);
          break;
        case 'to_number':
          toNumber(tokens, call, name, template, edits);
          break;
        default: {
          const read = readingFormat(template.value);
          if ('unknown' in read) throw unsupported(template, read.unknown);
          edits.replace(name, name.value === 'to_date' ? 'sqlens.read_date' : 'sqlens.read_timestamp');
          edits.replace(template, quoteLiteral(read.format));
        }
      }
    }
  },
};

function toChar(tokens: readonly Token[], call: Call, name: Token, template: Token, edits: Edits): void {
  const open = tokens[call.open];
  const comma = tokens[call.args[0]?.[1] ?? 0];
  const close = tokens[call.close];
  if (open === undefined || comma === undefined || close === undefined) return;
  const bare = template.value.replace(/"[^"]*"/g, '');
  if (/[09]|RN/i.test(bare)) {
    edits.replace(name, 'sqlens.number_to_char');
    return;
  }
  const parts = templateParts(template.value);
  if ('unknown' in parts) throw unsupported(template, parts.unknown);
  const [only] = parts;
  if (parts.length === 1 && only !== undefined && 'format' in only) {
    edits.replace(name, 'strftime');
    edits.replace(template, quoteLiteral(only.format));
    return;
  }
  const text = parts.map((part) =>
    'sql' in part ? `(${part.sql})` : `strftime(t, ${quoteLiteral(part.format)})`,
  );
  // The argument is evaluated once: it may be a model's call.
  edits.replace(name, 'list_transform([', open);
  edits.replace(comma, `], lambda t: ${text.length === 0 ? "''" : text.join(' || ')})[1]`, close);
}

function toNumber(tokens: readonly Token[], call: Call, name: Token, template: Token, edits: Edits): void {
  const comma = tokens[call.args[0]?.[1] ?? 0];
  const close = tokens[call.close];
  const open = tokens[call.open];
  if (comma === undefined || close === undefined || open === undefined) return;
  const [, fraction = ''] = template.value.toUpperCase().split(/[.D]/);
  const scale = Math.min(18, [...fraction].filter((sign) => /[09]/.test(sign)).length);
  edits.replace(name, 'CAST(sqlens.read_number(', open);
  edits.replace(comma, `) AS DECIMAL(38, ${scale}))`, close);
}

function unsupported(template: Token, pattern: string): SqlensError {
  return new SqlensError({
    sqlState: SqlState.featureNotSupported,
    message: `template pattern "${pattern}" is not supported`,
    hint: 'The docs list the patterns that are; strftime(…) and strptime(…) have patterns of their own.',
    position: template.start + 1,
  });
}
