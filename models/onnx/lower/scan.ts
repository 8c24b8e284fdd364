import type { Lowering } from './lowering.ts';

export interface ScanPlan {
  /** What the sequence adds to the gates: [batch, steps, ...]. */
  readonly gates: string;
  /** Initial states; undefined for zeros. */
  readonly states: readonly string[] | undefined;
  readonly stateCount: number;
  /** Without the batch. */
  readonly stateShape: readonly number[];
  /** Valid steps: [batch, steps]. */
  readonly mask: string | undefined;
  readonly zeroMasked: boolean;
  readonly backwards: boolean;
  /** Writes one step; gives the new states, of which the first is what is put out. */
  step(gates: string, before: readonly string[]): readonly string[];
}

/** Writes a Scan over the steps; gives the sequence, the last output, then the states at the end. */
export function writeScan(plan: ScanPlan, { op: emit, writer, layer }: Lowering): readonly string[] {
  const { gates, states, stateCount, stateShape, zeroMasked, backwards } = plan;
  const zeros = (): string => {
    const batch = emit('Shape', [gates], { start: { int: 0 }, end: { int: 1 } });
    const shape = emit('Concat', [batch, writer.integers(stateShape)], { axis: { int: 0 } });
    return emit('ConstantOfShape', [shape]);
  };
  const initial = states ?? Array.from({ length: stateCount }, zeros);
  // What a masked step repeats begins as zeros, whatever the states are.
  const carriesOutput = plan.mask !== undefined && (states !== undefined || zeroMasked);
  const carried = carriesOutput ? [...initial, zeros()] : initial;
  const axes = writer.integers(stateShape.map((_, axis) => axis + 2));
  const mask = plan.mask === undefined ? undefined : emit('Unsqueeze', [plan.mask, axes]);
  const inputs = mask === undefined ? [gates] : [gates, mask];
  const fresh = (what: string): string => writer.name(`${layer.name}/${what}`);
  const stateNames = carried.map((_, i) => fresh(`state ${i}`));
  const step = fresh('step');
  const valid = mask === undefined ? undefined : fresh('valid');
  const body = writer.subgraph(
    [
      ...stateNames.map((name) => ({ name, type: 'float32' as const })),
      { name: step, type: 'float32' },
      ...(valid === undefined ? [] : [{ name: valid, type: 'bool' as const }]),
    ],
    () => {
      const before = stateNames.slice(0, stateCount);
      const after = plan.step(step, before);
      const [made = ''] = after;
      const kept =
        valid === undefined ? after : after.map((state, i) => emit('Where', [valid, state, before[i] ?? '']));
      let output = kept[0] ?? '';
      if (carriesOutput && valid !== undefined) {
        output = emit('Where', [valid, made, zeroMasked ? writer.scalar(0) : (stateNames[stateCount] ?? '')]);
      }
      const results = carriesOutput ? [...kept, emit('Identity', [output])] : kept;
      return [...results, emit('Identity', [output])].map((name) => ({ name, type: 'float32' as const }));
    },
  );
  const outputs = [...carried.map((_, i) => fresh(`end ${i}`)), fresh('outputs')];
  writer.node('Scan', [...carried, ...inputs], outputs, {
    body,
    num_scan_inputs: { int: inputs.length },
    scan_input_axes: { ints: inputs.map(() => 1) },
    scan_input_directions: { ints: inputs.map(() => (backwards ? 1 : 0)) },
    scan_output_axes: { ints: [1] },
    scan_output_directions: { ints: [backwards ? 1 : 0] },
  });
  return [
    outputs.at(-1) ?? '',
    outputs[carriesOutput ? stateCount : 0] ?? '',
    ...outputs.slice(0, stateCount),
  ];
}
