/** `SELECT … INTO t FROM …` is CREATE TABLE t AS SELECT … FROM …. */
import { readName } from '../../text/clauses.ts';
import type { Rule } from '../rule.ts';
import { isWord, selectListAt } from '../select-lists.ts';

export const selectInto: Rule = {
  name: 'select-into',
  needs: ['into'],
  apply({ tokens, statement }, edits) {
    const first = tokens[0];
    if (statement.kind !== 'create-table-as' || !isWord(first, 'select') || first === undefined) return;
    const list = selectListAt(tokens, 0, tokens.length);
    const into = list === undefined ? undefined : tokens[list.end];
    if (list === undefined || into === undefined || !isWord(into, 'into')) return;
    let at = list.end + 1;
    const isTemporary = /^temp(orary)?$/.test(tokens[at]?.value ?? '');
    while (/^(temp|temporary|unlogged|table)$/.test(tokens[at]?.value ?? '') && tokens[at]?.kind === 'word')
      at++;
    const name = readName(tokens, at);
    const last = tokens[name.end - 1];
    if (last === undefined) return;
    const target = tokens
      .slice(at, name.end)
      .map((token) => token.text)
      .join('');
    edits.insertBefore(first, `CREATE ${isTemporary ? 'TEMPORARY ' : ''}TABLE ${target} AS `);
    edits.remove(into, last);
  },
};
