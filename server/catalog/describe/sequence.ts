/** \d SEQUENCE. */
import { type Recogniser, selectByName } from '../answer.ts';
import { oidAfter } from './oid.ts';

export const sequence: Recogniser = {
  name: 'sequence',
  answer(query) {
    const oid = oidAfter(query, 'seqrelid =');
    if (query.relations[0] !== 'pg_sequence' || oid === undefined) return undefined;
    const list = selectByName(query, {
      type: "'bigint'",
      start: 'start_value',
      minimum: 'min_value',
      maximum: 'max_value',
      increment: 'increment_by',
      'cycles?': "CASE WHEN cycle THEN 'yes' ELSE 'no' END",
      cache: '1',
    });
    return `SELECT ${list} FROM duckdb_sequences() WHERE sequence_oid = ${oid}`;
  },
};
