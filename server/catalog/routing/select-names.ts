/** What queries and the items of FROM call their columns and themselves, read from libpg-query's trees. */
import { type Fields, fieldsOf, isFields, listOf, locationOf, namesOf, nodeOf, textOf } from './tree.ts';

export function startOf(select: Fields): number | undefined {
  const target = nodeOf(listOf(select.targetList)[0], 'ResTarget');
  // -1: the implied star of TABLE x, which begins where its relation does.
  if (target !== undefined && locationOf(target) >= 0) return locationOf(target);
  const table = nodeOf(listOf(select.fromClause)[0], 'RangeVar');
  return target === undefined || table === undefined ? undefined : locationOf(table);
}

export function aliasOf(fields: Fields): string | undefined {
  return textOf(fieldsOf(fields.alias)?.aliasname);
}

export function aliasColumns(fields: Fields): ReadonlySet<string> | undefined {
  const names = namesOf(fieldsOf(fields.alias)?.colnames);
  return names.length === 0 ? undefined : new Set(names);
}

export function functionNames(fields: Fields): readonly string[] {
  return listOf(fields.functions).flatMap((item) => {
    const call = nodeOf(listOf(nodeOf(item, 'List')?.items)[0], 'FuncCall');
    return namesOf(call?.funcname).at(-1) ?? [];
  });
}

export function firstOutput(select: Fields): string | undefined {
  const [name] = outputNames(select) ?? [];
  return name === '' ? '?column?' : name;
}

/** @returns undefined when a star hides them */
export function outputNames(select: Fields): ReadonlySet<string> | undefined {
  const arm = fieldsOf(select.larg);
  if (arm !== undefined) return outputNames(arm);
  const names = new Set<string>();
  for (const target of listOf(select.targetList)) {
    const output = nodeOf(target, 'ResTarget');
    const column = listOf(nodeOf(output?.val, 'ColumnRef')?.fields);
    if (isFields(column.at(-1)) && nodeOf(column.at(-1), 'String') === undefined) return undefined;
    const name = textOf(output?.name) ?? namesOf(column).at(-1) ?? derivedName(output?.val);
    names.add(name);
  }
  const [row] = listOf(select.valuesLists);
  for (const [index] of listOf(nodeOf(row, 'List')?.items).entries()) names.add(`column${index + 1}`);
  return names;
}

/** What PostgreSQL calls a column, as far as a subquery's is referred to by it; '' for none. */
function derivedName(value: unknown): string {
  const kept = keptName(value);
  const cast = nodeOf(value, 'TypeCast');
  return kept === '' && cast !== undefined ? (namesOf(fieldsOf(cast.typeName)?.names).at(-1) ?? '') : kept;
}

/** The name of a column or a function, which stays whatever it is cast to; '' for a constant. */
function keptName(value: unknown): string {
  const cast = nodeOf(value, 'TypeCast');
  if (cast !== undefined) return keptName(cast.arg);
  return namesOf(nodeOf(value, 'ColumnRef')?.fields).at(-1) ?? ownName(value);
}

function ownName(value: unknown): string {
  const call = nodeOf(value, 'FuncCall');
  if (call !== undefined) return namesOf(call.funcname).at(-1) ?? '';
  const operator = textOf(nodeOf(value, 'SQLValueFunction')?.op);
  if (operator !== undefined) return operator.replace('SVFOP_', '').toLowerCase();
  if (nodeOf(value, 'CaseExpr') !== undefined) return 'case';
  return nodeOf(value, 'SubLink')?.subLinkType === 'EXISTS_SUBLINK' ? 'exists' : '';
}
