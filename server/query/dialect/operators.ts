/** Operators as PostgreSQL's lexer joins them: the tokenizer gives most of them character by character. */
import type { Token } from '../text/tokens.ts';

const OPERATOR_CHARACTERS = /^[-+*/<>=~!@#%^&|`?]+$/;

export interface OperatorAt {
  readonly text: string;
  /** Index behind its last token. */
  readonly end: number;
}

/** The operator that begins at token `from`, of tokens that touch each other. */
export function operatorAt(tokens: readonly Token[], from: number): OperatorAt | undefined {
  const first = tokens[from];
  if (first?.kind !== 'operator' || !OPERATOR_CHARACTERS.test(first.value)) return undefined;
  let text = first.value;
  let end = from + 1;
  for (;;) {
    const next = tokens[end];
    if (next?.kind !== 'operator' || next.start !== tokens[end - 1]?.end) break;
    if (!OPERATOR_CHARACTERS.test(next.value)) break;
    text += next.value;
    end++;
  }
  // A sign behind an operator belongs to what follows, unless the operator has a character that none of SQL's has.
  while (text.length > 1 && /[-+]$/.test(text) && !/[~!@#%^&|`?]/.test(text) && end > from + 1) {
    end--;
    text = text.slice(0, -(tokens[end]?.value.length ?? 1));
  }
  return { text, end };
}

/** Whether the token at `at` can be the end of an operand: an operator behind it has a left side. */
export function endsOperand(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  switch (token?.kind) {
    case undefined:
      return false;
    case 'operator':
      return token.value === ')' || token.value === ']' || token.value === '}';
    case 'word':
      return !NO_OPERAND.has(token.value);
    default:
      return true;
  }
}

const NO_OPERAND = new Set(
  'select distinct all where and or not on having when then else case by in like ilike between limit offset returning set values as using from is to escape'.split(
    ' ',
  ),
);
