/** \d IMAGE_TABLE: where its images come from, as a foreign table's server and options. */
import { type Recogniser, selectByFragment } from '../answer.ts';
import { RELATIONS } from '../relations.ts';
import { oidAfter } from './oid.ts';

export const imageTable: Recogniser = {
  name: 'image-table',
  answer(query) {
    const oid = oidAfter(query, 'f.ftrelid =');
    if (query.relations[0] !== 'pg_foreign_table' || oid === undefined) return undefined;
    const list = selectByFragment(query, [
      ['s.srvname', "'images'"],
      [
        'ftoptions',
        "'format ''image'', uris ' || array_to_string(list_transform(uris, lambda uri: '''' || replace(uri, '''', '''''') || ''''), ', ')",
      ],
    ]);
    return `SELECT ${list} FROM ${RELATIONS} AS relation
      JOIN sqlens.image_tables AS image
        ON lower(image.schema) = lower(nspname) AND lower(image.name) = lower(relname)
      WHERE oid = ${oid}`;
  },
};
