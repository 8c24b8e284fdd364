/**
 * Random SELECTs that can be written in two ways: with model calls, or with plain columns that hold what the models
 * answer. Both must give the same rows.
 */

/** Numbers in [0, 1) from a seed (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface GeneratedStatement {
  readonly withModels: string;
  readonly withColumns: string;
  /** Whether the order of the rows is determined. */
  readonly ordered: boolean;
}

/** How a model's answer for the row `alias` is written: `[called, plain]`. */
const ANSWERS = {
  class: (alias: string) => [`colour_name(${alias}.image)`, `${alias}.class`],
  light: (alias: string) => [`brightness(${alias}.image)`, `${alias}.light`],
  warm: (alias: string, salt: number) => [
    `warmth([${alias}.id + ${salt}, 0, ${alias}.k])`,
    `(${alias}.id + ${salt} - ${alias}.k)::FLOAT`,
  ],
} as const;

const CLASSES = ['red', 'green', 'blue', 'dark'];
const MAX_DEPTH = 3;

/**
 * @param salt makes the inputs of `warmth` new in every statement, so that each is asked for
 */
export function generateStatement(random: () => number, salt: number): GeneratedStatement {
  const generator = new Generator(random, salt);
  const { text, ordered } = generator.statement();
  return { withModels: resolve(text, 0, salt), withColumns: resolve(text, 1, salt), ordered };
}

/** `⟦class a⟧` stands for an answer until it is decided how to write it. */
function resolve(text: string, form: 0 | 1, salt: number): string {
  return text.replace(/⟦(class|light|warm) (\w+)⟧/g, (_, answer: keyof typeof ANSWERS, alias: string) => {
    return ANSWERS[answer](alias, salt)[form] ?? '';
  });
}

interface Source {
  readonly from: string;
  /** Aliases of the table whose columns may be used. */
  readonly aliases: readonly string[];
}

class Generator {
  readonly #random: () => number;
  readonly #salt: number;
  #lastAlias = 0;

  constructor(random: () => number, salt: number) {
    this.#random = random;
    this.#salt = salt;
  }

  statement(): { text: string; ordered: boolean } {
    return this.#pick<() => { text: string; ordered: boolean }>([
      () => this.#rows(),
      () => this.#rows(),
      () => ({ text: this.#groups(), ordered: false }),
      () => ({ text: this.#groups(), ordered: false }),
      () => ({ text: this.#union(), ordered: false }),
      () => ({ text: this.#windows(), ordered: false }),
      () => this.#withClause(),
      () => ({ text: this.#distinct(), ordered: false }),
    ])();
  }

  #rows(): { text: string; ordered: boolean } {
    const source = this.#source();
    const list = [this.#text(source, 0), this.#number(source, 0), this.#condition(source, 1)].slice(
      0,
      1 + this.#below(3),
    );
    const columns = list.map((expression, at) => `${expression} AS c${at}`).join(', ');
    const ids = source.aliases.map((alias) => `${alias}.id`).join(', ');
    let text = `SELECT ${columns}, ${ids} FROM ${source.from}${this.#where(source)}`;
    const ordered = this.#chance(0.6);
    if (ordered) text += ` ORDER BY ${this.#orderBy(source)}, ${ids}`;
    if (ordered && this.#chance(0.6)) text += ` LIMIT ${this.#below(12)}`;
    if (ordered && this.#chance(0.3)) text += ` OFFSET ${this.#below(8)}`;
    return { text, ordered };
  }

  #groups(): string {
    const source = this.#source();
    const key = this.#chance(0.7) ? this.#text(source, 1) : this.#condition(source, 2);
    const aggregates = [
      'count(*)',
      `sum(${this.#number(source, 1)})`,
      `max(${this.#text(source, 1)})`,
      `count(DISTINCT ${this.#text(source, 1)})`,
      `count(*) FILTER (WHERE ${this.#condition(source, 1)})`,
      `list(DISTINCT ${this.#text(source, 1)} ORDER BY ${this.#text(source, MAX_DEPTH)})`.replace(
        / ORDER BY .*/,
        ')',
      ),
    ].slice(0, 2 + this.#below(3));
    const having = this.#chance(0.3) ? ` HAVING count(*) > ${this.#below(4)}` : '';
    return `SELECT ${key} AS key, ${aggregates.join(', ')} FROM ${source.from}${this.#where(source)} GROUP BY key${having}`;
  }

  #union(): string {
    const half = () => {
      const source = this.#source();
      return `SELECT ${this.#text(source, 0)} AS a, (${this.#number(source, 1)})::DOUBLE AS b FROM ${source.from}${this.#where(source)}`;
    };
    return `${half()} ${this.#pick(['UNION ALL', 'UNION', 'INTERSECT', 'EXCEPT'])} ${half()}`;
  }

  #windows(): string {
    const source = this.#source();
    const ids = source.aliases.map((alias) => `${alias}.id`).join(', ');
    const over = `OVER (PARTITION BY ${this.#text(source, 1)} ORDER BY ${this.#number(source, 1)}, ${ids})`;
    const call = this.#pick([
      'row_number()',
      `lag(${this.#text(source, 1)})`,
      `sum(${this.#number(source, 1)})`,
    ]);
    const qualify = this.#chance(0.4) ? ` QUALIFY row_number() ${over} <= ${1 + this.#below(3)}` : '';
    return `SELECT ${ids}, ${call} ${over} FROM ${source.from}${this.#where(source)}${qualify}`;
  }

  #withClause(): { text: string; ordered: boolean } {
    const inner = this.#source();
    const materialized = this.#pick(['', ' MATERIALIZED', ' NOT MATERIALIZED']);
    const cte = `WITH w AS${materialized} (SELECT ${this.#text(inner, 0)} AS a, (${this.#number(inner, 0)})::DOUBLE AS b FROM ${inner.from}${this.#where(inner)})`;
    const outer = this.#pick([
      'SELECT a, count(*), sum(b) FROM w GROUP BY a',
      'SELECT l.a, r.b FROM w l JOIN w r ON l.a = r.a AND l.b < r.b',
      `SELECT * FROM w WHERE b > (SELECT avg(b) FROM w)`,
      `SELECT a, b FROM w WHERE a IN (SELECT ⟦class x⟧ FROM t AS x WHERE x.k = ${this.#below(5)})`,
    ]);
    return { text: `${cte} ${outer}`, ordered: false };
  }

  #distinct(): string {
    const source = this.#source();
    return `SELECT DISTINCT ${this.#text(source, 0)}, ${this.#condition(source, 1)} FROM ${source.from}${this.#where(source)}`;
  }

  #source(): Source {
    const [a, b] = [this.#alias(), this.#alias()];
    return this.#pick<() => Source>([
      () => ({ from: `t AS ${a}`, aliases: [a] }),
      () => ({ from: `t AS ${a}`, aliases: [a] }),
      () => ({
        from: `(SELECT * FROM t AS ${b}${this.#where({ from: '', aliases: [b] })}) AS ${a}`,
        aliases: [a],
      }),
      () => ({
        from: `t AS ${a} ${this.#pick(['JOIN', 'LEFT JOIN'])} t AS ${b} ON ${a}.k = ${b}.k AND ${this.#condition({ from: '', aliases: [a, b] }, MAX_DEPTH)}`,
        aliases: [a, b],
      }),
      () => ({
        from: `t AS ${a} JOIN t AS ${b} ON ⟦class ${a}⟧ = ⟦class ${b}⟧ AND ${a}.id ${this.#pick(['<', '>', '='])} ${b}.id`,
        aliases: [a, b],
      }),
    ])();
  }

  #where(source: Source): string {
    return this.#chance(0.75) ? ` WHERE ${this.#condition(source, 0)}` : '';
  }

  #orderBy(source: Source): string {
    const direction = this.#pick(['', ' DESC', ' NULLS FIRST']);
    return `${this.#chance(0.5) ? this.#text(source, 1) : this.#number(source, 1)}${direction}`;
  }

  #text(source: Source, depth: number): string {
    const a = this.#pick(source.aliases);
    const simple = [() => `⟦class ${a}⟧`, () => `⟦class ${a}⟧`, () => `${a}.s`];
    const nested = [
      () => `coalesce(⟦class ${a}⟧, 'none')`,
      () => `upper(${this.#text(source, depth + 1)})`,
      () => `(${this.#text(source, depth + 1)} || ${a}.s)`,
      () =>
        `CASE WHEN ${this.#condition(source, depth + 1)} THEN ${this.#text(source, depth + 1)} ELSE ${this.#text(source, depth + 1)} END`,
      () => `nullif(${this.#text(source, depth + 1)}, '${this.#pick(CLASSES)}')`,
    ];
    return this.#pick(depth >= MAX_DEPTH ? simple : [...simple, ...nested])();
  }

  #number(source: Source, depth: number): string {
    const a = this.#pick(source.aliases);
    const x = this.#alias();
    const simple = [
      () => `⟦light ${a}⟧`,
      () => `⟦warm ${a}⟧`,
      () => `${a}.k`,
      () => `(⟦light ${a}⟧ + ⟦warm ${a}⟧)`,
    ];
    const nested = [
      () => `coalesce(${this.#number(source, depth + 1)}, -1)`,
      () => `round(${this.#number(source, depth + 1)} / 7)`,
      () =>
        `CASE WHEN ${this.#condition(source, depth + 1)} THEN ${this.#number(source, depth + 1)} ELSE ${this.#number(source, depth + 1)} END`,
      () => `(SELECT max(⟦light ${x}⟧) FROM t AS ${x} WHERE ${x}.k = ${a}.k)`,
      () => `(SELECT count(*) FROM t AS ${x} WHERE ⟦class ${x}⟧ = ⟦class ${a}⟧)`,
    ];
    return this.#pick(depth >= MAX_DEPTH ? simple : [...simple, ...nested])();
  }

  #condition(source: Source, depth: number): string {
    const a = this.#pick(source.aliases);
    const x = this.#alias();
    const simple = [
      () => `⟦class ${a}⟧ = '${this.#pick(CLASSES)}'`,
      () => `⟦class ${a}⟧ IN ('${this.#pick(CLASSES)}', '${this.#pick(CLASSES)}')`,
      () => `⟦light ${a}⟧ ${this.#pick(['<', '>', '>='])} ${this.#below(90)}`,
      () => `⟦warm ${a}⟧ ${this.#pick(['<', '>'])} ${this.#salt + this.#below(40)}`,
      () => `${a}.k ${this.#pick(['=', '<', '<>'])} ${this.#below(5)}`,
      () => `${a}.id < ${this.#below(45)}`,
      () => `⟦class ${a}⟧ IS ${this.#pick(['', 'NOT '])}NULL`,
    ];
    const nested = [
      () => `(${this.#condition(source, depth + 1)} AND ${this.#condition(source, depth + 1)})`,
      () => `(${this.#condition(source, depth + 1)} AND ${this.#condition(source, depth + 1)})`,
      () => `(${this.#condition(source, depth + 1)} OR ${this.#condition(source, depth + 1)})`,
      () => `NOT (${this.#condition(source, depth + 1)})`,
      () =>
        `EXISTS (SELECT 1 FROM t AS ${x} WHERE ${x}.id <> ${a}.id AND ⟦class ${x}⟧ = ⟦class ${a}⟧ AND ${x}.k = ${a}.k)`,
      () =>
        `⟦class ${a}⟧ ${this.#pick(['', 'NOT '])}IN (SELECT ⟦class ${x}⟧ FROM t AS ${x} WHERE ⟦light ${x}⟧ > ${this.#below(90)})`,
    ];
    return this.#pick(depth >= MAX_DEPTH ? simple : [...simple, ...nested])();
  }

  #alias(): string {
    return `a${++this.#lastAlias}`;
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #pick<T>(choices: readonly T[]): T {
    const choice = choices[this.#below(choices.length)];
    if (choice === undefined) throw new RangeError('nothing to choose from');
    return choice;
  }
}
