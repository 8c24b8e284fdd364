/** The order in which Keras lists the layers of a functional model: weights files follow it. */

export interface OrderedLayer {
  readonly name: string;
  readonly inputs: readonly OrderedLayer[];
}

/**
 * The layers that `output` needs: those farthest from the output first, and those at one distance in the order in which
 * a walk back from the output meets them. Every layer is called once.
 */
export function kerasOrder<L extends OrderedLayer>(output: L, inputsOf: (layer: L) => readonly L[]): L[] {
  // Both walks keep their own stack: networks are hundreds of layers deep.
  const met = new Map<L, number>();
  const finished: L[] = [];
  const stack: { layer: L; next: number }[] = [];
  const enter = (layer: L): void => {
    met.set(layer, met.size);
    stack.push({ layer, next: 0 });
  };
  enter(output);
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const input = inputsOf(top.layer)[top.next++];
    if (input === undefined) {
      finished.push(top.layer);
      stack.pop();
    } else if (!met.has(input)) {
      enter(input);
    }
  }
  const distance = new Map<L, number>();
  for (const layer of finished.toReversed()) {
    const own = distance.get(layer) ?? 0;
    distance.set(layer, own);
    for (const input of inputsOf(layer)) distance.set(input, Math.max(distance.get(input) ?? 0, own + 1));
  }
  const rank = (layers: ReadonlyMap<L, number>, layer: L): number => layers.get(layer) ?? 0;
  return [...met.keys()].toSorted(
    (a, b) => rank(distance, b) - rank(distance, a) || rank(met, a) - rank(met, b),
  );
}
