/** Functions of models, of SQLens and of users, as the mirror shows them. */

import { cutName, NameSpace, shown } from '../names.ts';
import type { Argument, SqlFunction } from '../objects/sql-function.ts';
import { postgresType } from '../type-text.ts';
import type { FunctionRow, MacroRow } from './statement.ts';

const ANY = '"any"';
const IMAGE: Argument = { name: 'image', type: ANY };

/** Types of arguments of models, by the names that their macros have. */
const ARGUMENT_TYPES: ReadonlyMap<string, string> = new Map([
  ['input', 'float4[]'],
  ['text', 'text'],
]);

interface OwnFunction {
  readonly arguments: readonly Argument[];
  readonly returns?: SqlFunction['returns'];
  readonly comment: string;
}

/** What sqlens.functions says of SQLens' own functions in words, in types. */
const OWN_FUNCTIONS: ReadonlyMap<string, OwnFunction> = new Map([
  [
    'image_decode',
    { arguments: [IMAGE], comment: "an image's pixels: origin, height, width, nChannels, mode, data" },
  ],
  ['image_info', { arguments: [IMAGE], comment: "an image's format, width, height and channels" }],
  [
    'image_thumbnail',
    { arguments: [IMAGE, { name: 'px', type: 'int4' }], comment: 'a JPEG of at most px pixels a side' },
  ],
  [
    'image_predict',
    {
      arguments: [IMAGE, { name: 'model', type: 'text' }, { name: 'top_k', type: 'int4', hasDefault: true }],
      comment: "an image's best classes of ImageNet, by the model of a name (SHOW NAMED MODELS)",
    },
  ],
  [
    'image_features',
    {
      arguments: [IMAGE, { name: 'model', type: 'text' }],
      returns: 'float4[]',
      comment: "an image's features, by the model of a name (SHOW NAMED MODELS)",
    },
  ],
  [
    'read_images',
    {
      arguments: [{ name: 'pattern', type: 'text' }],
      returns: [
        { name: 'uri', type: 'text' },
        { name: 'image', type: 'json' },
        { name: 'size', type: 'int8' },
        { name: 'etag', type: 'text' },
        { name: 'last_modified', type: 'timestamptz' },
        { name: 'content_type', type: 'text' },
      ],
      comment: 'the images that a pattern names, and a column for each hive partition',
    },
  ],
  [
    'register_keras_udf',
    {
      arguments: [
        { name: 'name', type: 'text' },
        { name: 'file', type: 'text' },
        { name: 'preprocess', type: 'text', hasDefault: true },
      ],
      comment: 'makes a model, and a function of the same name, of a Keras file',
    },
  ],
]);

/** SQLens' own functions stand in their schema, those of models where CREATE MODEL puts them. */
const OWN_SCHEMA = 'sqlens';
const MODEL_SCHEMA = 'public';

/** Functions of one schema and name that differ in their arguments stand beside each other, as in PostgreSQL. */
export function readFunctions(rows: readonly FunctionRow[], macros: readonly MacroRow[]): SqlFunction[] {
  const key = (schema: string, name: string) => JSON.stringify([schema, name.toLowerCase()]);
  const described = new Map(
    rows.map((row) => [key(row.model === null ? OWN_SCHEMA : MODEL_SCHEMA, row.name), row]),
  );
  const macroOf = new Map(macros.map((macro) => [key(macro.schema, macro.name), macro]));
  const ours = rows.map((row) =>
    row.model === null ? ownFunction(row) : modelFunction(row, macroOf.get(key(MODEL_SCHEMA, row.name))),
  );
  const users = macros.filter(
    (macro) =>
      macro.temporary ||
      // What else is in these two are the server's own means.
      (macro.schema !== OWN_SCHEMA &&
        macro.schema !== 'main' &&
        !described.has(key(macro.schema, macro.name))),
  );
  return [...ours, ...users.map(macroFunction)];
}

function ownFunction(row: FunctionRow): SqlFunction {
  const known = OWN_FUNCTIONS.get(row.name);
  return {
    kind: 'function',
    schema: OWN_SCHEMA,
    name: cutName(row.name),
    arguments: known?.arguments ?? row.arguments.split(',').map((name) => ({ name: name.trim(), type: ANY })),
    returns: known?.returns ?? resultType(row.returns),
    body: row.name,
    ...(known === undefined ? {} : { comment: known.comment }),
  };
}

function modelFunction(row: FunctionRow, macro: MacroRow | undefined): SqlFunction {
  const parameters = macro?.parameters ?? row.arguments.split(',').map((name) => name.trim());
  return {
    kind: 'function',
    schema: MODEL_SCHEMA,
    name: cutName(macro?.name ?? row.name),
    // A model with one input names it by what it takes; those of several have names of their own.
    arguments: parameters.map((name) => ({ name, type: ARGUMENT_TYPES.get(name) ?? ANY })),
    returns: resultType(row.returns),
    body: row.model ?? row.name,
    comment: macro?.comment ?? `model ${row.model}`,
  };
}

function macroFunction(macro: MacroRow): SqlFunction {
  const names = new NameSpace();
  const list = macro.parameters.map((name, at) => {
    const type = macro.types[at];
    return { name: names.claim(name), type: type == null ? ANY : postgresType(type) };
  });
  const written = macro.parameters.map((name, at) =>
    macro.types[at] == null ? shown(name) : `${shown(name)} ${macro.types[at]}`,
  );
  const temporary = macro.temporary ? 'TEMP ' : '';
  const owner = macro.temporary ? '' : `${shown(macro.schema)}.`;
  const body = macro.isTable ? `TABLE ${macro.body}` : macro.body;
  return {
    kind: 'function',
    schema: macro.temporary ? 'pg_temp' : macro.schema,
    name: cutName(macro.name),
    arguments: list,
    returns: macro.isTable ? 'SETOF record' : ANY,
    body: macro.body,
    definition: `CREATE OR REPLACE ${temporary}MACRO ${owner}${shown(macro.name)}(${written.join(', ')}) AS ${body}`,
    ...(macro.comment === null ? {} : { comment: macro.comment }),
  };
}

/** `TABLE` is what sqlens.functions says of a function whose columns depend on what it reads. */
function resultType(returns: string): string {
  return returns === 'TABLE' ? 'SETOF record' : postgresType(returns);
}
