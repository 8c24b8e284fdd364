/** The rewrites of statements that ask, in order. Each is a small function on DuckDB's syntax tree. */
import type { Engine } from '../engine/engine.ts';
import { readAst, writeAst } from './ast.ts';
import { guard } from './guard.ts';
import { seedSamples } from './repeatable-samples.ts';

/**
 * @param seed a number in [0, 1) that is the same for all passes of the statement
 * @returns the statement itself when nothing applies or DuckDB cannot serialise it
 */
export async function rewriteAsking(engine: Engine, sql: string, seed: number): Promise<string> {
  return engine.withUtility(async (connection) => {
    const tree = await readAst(connection, sql);
    if (tree === undefined) return sql;
    const models = engine.registry.askingNames;
    const changed = [guard(tree, models), seedSamples(tree, seed)];
    return changed.includes(true) ? writeAst(connection, tree) : sql;
  });
}
