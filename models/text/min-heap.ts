/** A queue of positions by rank; of equal ranks the lower position comes first. */
export class MinHeap {
  readonly #ranks: number[] = [];
  readonly #positions: number[] = [];

  push(rank: number, at: number): void {
    let hole = this.#ranks.length;
    this.#ranks.push(rank);
    this.#positions.push(at);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!this.#isBefore(rank, at, parent)) break;
      this.#move(parent, hole);
      hole = parent;
    }
    this.#ranks[hole] = rank;
    this.#positions[hole] = at;
  }

  pop(): { readonly rank: number; readonly at: number } | undefined {
    const [rank] = this.#ranks;
    const [at] = this.#positions;
    const lastRank = this.#ranks.pop();
    const lastAt = this.#positions.pop();
    if (rank === undefined || at === undefined || lastRank === undefined || lastAt === undefined)
      return undefined;
    const { length } = this.#ranks;
    if (length === 0) return { rank, at };
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= length) break;
      const second = child + 1;
      if (second < length && this.#isBefore(this.#ranks[second] ?? 0, this.#positions[second] ?? 0, child)) {
        child = second;
      }
      if (this.#isBefore(lastRank, lastAt, child)) break;
      this.#move(child, hole);
      hole = child;
    }
    this.#ranks[hole] = lastRank;
    this.#positions[hole] = lastAt;
    return { rank, at };
  }

  #isBefore(rank: number, at: number, other: number): boolean {
    const otherRank = this.#ranks[other] ?? 0;
    return rank < otherRank || (rank === otherRank && at < (this.#positions[other] ?? 0));
  }

  #move(from: number, to: number): void {
    this.#ranks[to] = this.#ranks[from] ?? 0;
    this.#positions[to] = this.#positions[from] ?? 0;
  }
}
