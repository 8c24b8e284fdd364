/** The child process that tries a stranger's tokenizer: reads it, runs it on some texts, and ends. */
import { dieWithParent } from '../../common/die-with-parent.ts';
import { messageOf, SqlensError } from '../../common/errors.ts';
import { toPlain } from '../compile-messages.ts';
import { invalidFile } from '../model-error.ts';
import type { CheckOrder, CheckReport } from './check-messages.ts';
import { Tokenizer } from './tokenizer.ts';

/** Texts that a tokenizer has to get through: none, words, other scripts, and what expressions backtrack on. */
const SAMPLES = [
  '',
  "Hello, world! It's 1,234.5 — naïve café.",
  '你好，世界。こんにちは 안녕 สวัสดี 👋🏽 \u{1F468}\u200D\u{1F469}\u200D\u{1F467}',
  'a'.repeat(20_000),
  `${' '.repeat(5_000)}!`,
  `${'a1 '.repeat(2_000)}\n\n\t!`,
];

function check({ bytes }: CheckOrder): CheckReport {
  const tokenizer = Tokenizer.parse(bytes);
  for (const sample of SAMPLES) tokenizer.encode(sample, 1_000_000);
  const { max_length, specialCount } = tokenizer;
  return { kind: 'summary', summary: { max_length, specialCount } };
}

void dieWithParent();
process.once('message', (order: CheckOrder) => {
  let report: CheckReport;
  try {
    report = check(order);
  } catch (error) {
    const known =
      error instanceof SqlensError ? error : invalidFile(`the tokenizer fails: ${messageOf(error)}`);
    report = { kind: 'failed', error: toPlain(known) };
  }
  process.send?.(report, () => process.exit());
});
