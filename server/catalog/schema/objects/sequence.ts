/** A sequence with its properties. Where it stands is DuckDB's affair: that changes without any definition. */
import { qualified } from '../names.ts';
import { comment, type Step } from './step.ts';

export interface Sequence {
  readonly kind: 'sequence';
  readonly schema: string;
  readonly name: string;
  /** Numbers as text: they are 64 bits wide. */
  readonly start: string;
  readonly min: string;
  readonly max: string;
  readonly increment: string;
  readonly cycle: boolean;
  readonly comment?: string;
}

export function createSequence(sequence: Sequence): Step[] {
  const name = qualified(sequence.schema, sequence.name);
  return [
    [`CREATE SEQUENCE ${name} ${properties(sequence)}`],
    ...(sequence.comment === undefined ? [] : [commentOn(sequence)]),
  ];
}

export function alterSequence(before: Sequence, after: Sequence): Step[] {
  const name = qualified(after.schema, after.name);
  const steps: Step[] = [];
  if (properties(before) !== properties(after)) {
    steps.push([`ALTER SEQUENCE ${name} ${properties(after)} RESTART WITH ${after.start}`]);
  }
  if (before.comment !== after.comment) steps.push(commentOn(after));
  return steps;
}

export function dropSequence({ schema, name }: Sequence): string {
  return `DROP SEQUENCE IF EXISTS ${qualified(schema, name)} CASCADE`;
}

function properties({ increment, min, max, start, cycle }: Sequence): string {
  return `INCREMENT BY ${increment} MINVALUE ${min} MAXVALUE ${max} START WITH ${start} ${cycle ? '' : 'NO '}CYCLE`;
}

function commentOn(sequence: Sequence): Step {
  return [comment(`SEQUENCE ${qualified(sequence.schema, sequence.name)}`, sequence.comment)];
}
