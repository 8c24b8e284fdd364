/** Where ONNX Runtime spends its time in a graph, by its own profile: one line a node, and sums by type. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { InferenceSession } from 'onnxruntime-node';

export interface NodeTime {
  readonly name: string;
  readonly type: string;
  /** The shape of the first output. */
  readonly shape: string;
  readonly time_ms: number;
}

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly dur: number;
  readonly args?: { readonly op_name?: string; readonly output_type_shape?: readonly object[] };
}

/** Runs a graph some times; gives for each node the median of its times, slowest first. Writes a file into `folder`. */
export async function profileNodes(
  graph: string,
  options: InferenceSession.SessionOptions,
  feeds: InferenceSession.FeedsType,
  { folder, runs }: { readonly folder: string; readonly runs: number },
): Promise<NodeTime[]> {
  const prefix = `${path.basename(graph, '.onnx')}-profile`;
  const session = await InferenceSession.create(graph, {
    ...options,
    enableProfiling: true,
    profileFilePrefix: path.join(folder, prefix),
  });
  for (let run = 0; run < runs; run++) await session.run(feeds);
  session.endProfiling();
  await session.release();
  const written = (await readdir(folder)).filter((file) => file.startsWith(prefix)).toSorted();
  const events: ProfileEvent[] = JSON.parse(
    await readFile(path.join(folder, written.at(-1) ?? prefix), 'utf8'),
  );
  const nodes = new Map<string, ProfileEvent[]>();
  for (const event of events) {
    if (event.cat !== 'Node' || !event.name.endsWith('_kernel_time')) continue;
    const name = event.name.slice(0, -'_kernel_time'.length);
    nodes.set(name, [...(nodes.get(name) ?? []), event]);
  }
  return [...nodes]
    .map(([name, [first, ...others]]) => ({
      name,
      type: first?.args?.op_name ?? '?',
      shape: JSON.stringify(Object.values(first?.args?.output_type_shape?.[0] ?? {})[0] ?? []),
      // Runs that another process interrupted would make a sum meaningless.
      time_ms: median([first, ...others].map((event) => event?.dur ?? 0)) / 1000,
    }))
    .toSorted((a, b) => b.time_ms - a.time_ms);
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Time by type of node, most first, and the slowest nodes. */
export function describeProfile(nodes: readonly NodeTime[], slowest: number): string {
  const types = new Map<string, { count: number; time_ms: number }>();
  for (const { type, time_ms } of nodes) {
    const sum = types.get(type) ?? { count: 0, time_ms: 0 };
    types.set(type, { count: sum.count + 1, time_ms: sum.time_ms + time_ms });
  }
  const total_ms = nodes.reduce((sum, { time_ms }) => sum + time_ms, 0);
  const byType = [...types].toSorted(([, a], [, b]) => b.time_ms - a.time_ms);
  return [
    `    ${nodes.length} nodes, ${total_ms.toFixed(2)} ms`,
    ...byType.map(
      ([type, { count, time_ms }]) =>
        `    ${time_ms.toFixed(2).padStart(9)} ms ${((100 * time_ms) / total_ms).toFixed(1).padStart(5)} %  ${type} × ${count}`,
    ),
    `    the slowest:`,
    ...nodes
      .slice(0, slowest)
      .map(
        ({ name, type, shape, time_ms }) =>
          `    ${time_ms.toFixed(3).padStart(9)} ms  ${type.padEnd(20)} ${shape.padEnd(20)} ${name}`,
      ),
  ].join('\n');
}
