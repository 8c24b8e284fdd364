/** `npm run bench [-- NAME] [options]`: ratios, measured in alternation in one run, one JSON line each. */
import { benchCompiler } from './compiler.ts';
import { benchQuery } from './query.ts';
import { benchWire } from './wire.ts';

const BENCHES: Readonly<Record<string, (args: readonly string[]) => Promise<void>>> = {
  compiler: benchCompiler,
  query: benchQuery,
  wire: benchWire,
};

const [first, ...rest] = process.argv.slice(2);
const named = first !== undefined && !first.startsWith('-');
const bench = BENCHES[named ? first : 'query'];
if (bench === undefined) {
  process.stderr.write(`There is no benchmark "${first}". There are: ${Object.keys(BENCHES).join(', ')}\n`);
  process.exitCode = 2;
} else {
  await bench(named ? rest : process.argv.slice(2));
}
