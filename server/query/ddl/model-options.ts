/** The OPTIONS of CREATE MODEL, checked one by one, with errors that point at the word. */
import { SqlState } from '../../../common/errors.ts';
import { PREPROCESS_MODES, type Preprocess } from '../../../models/artifact.ts';
import type { Token } from '../text/tokens.ts';
import { COMPILE_OPTIONS, type FileOptions, readCompileOption } from './compile-options.ts';
import { errorAt, type Option } from './cursor.ts';
import { NO_RESIZE, type ResizeOptions, readResizeOption } from './resize-options.ts';
import { checkTextOptions, NO_TEXT, readTextOption, TEXT_OPTIONS, type TextOptions } from './text-options.ts';

export interface ModelOptions {
  readonly preprocess: Preprocess;
  /** The labels themselves, or a file with one a line. */
  readonly labels: readonly string[] | { readonly file: string } | undefined;
  /** Where they are given, for errors. */
  readonly labelsToken: Token | undefined;
  readonly top_k: number;
  readonly output: string | undefined;
  /** What the file leaves open. */
  readonly file: FileOptions;
  readonly batchSize: number | undefined;
  readonly device: string;
  /** Of a model that takes images. */
  readonly resize: ResizeOptions;
  /** Of a model that takes text. */
  readonly text: TextOptions;
}

const DEFAULT_TOP_K = 5;
const MAX_TOP_K = 1000;
const MAX_BATCH_SIZE = 256;
const DEVICES = ['auto', 'cpu'];

/**
 * Rows of a batch unless told otherwise. Images: on a CPU more than 4 make nothing faster, and small batches are fair
 * to small queries. Numbers: a batch of 8 ran 23,000 rows a second, one of 256 204,000. Texts are as slow as images, and
 * those of one batch are sorted by their lengths, which takes some to choose from.
 */
export function defaultBatchSize(takes: 'image' | 'text' | 'numbers'): number {
  switch (takes) {
    case 'image':
      return 4;
    case 'text':
      return 16;
    case 'numbers':
      return 256;
  }
}

export function readModelOptions(options: readonly Option[]): ModelOptions {
  let read: ModelOptions = {
    preprocess: 'none',
    labels: undefined,
    labelsToken: undefined,
    top_k: DEFAULT_TOP_K,
    output: undefined,
    file: {},
    batchSize: undefined,
    device: 'auto',
    resize: NO_RESIZE,
    text: NO_TEXT,
  };
  for (const option of options) {
    switch (option.name) {
      case 'preprocess': {
        const mode = PREPROCESS_MODES.find((known) => known === option.value);
        if (mode === undefined)
          throw wrong(option, `one of ${PREPROCESS_MODES.map((m) => `'${m}'`).join(', ')}`);
        read = { ...read, preprocess: mode };
        break;
      }
      case 'labels':
        read = { ...read, labels: labelsOf(option), labelsToken: option.valueToken };
        break;
      case 'top_k':
        read = { ...read, top_k: integer(option, MAX_TOP_K) };
        break;
      case 'batch_size':
        read = { ...read, batchSize: integer(option, MAX_BATCH_SIZE) };
        break;
      case 'output':
        if (typeof option.value !== 'string') throw wrong(option, "a layer's name");
        read = { ...read, output: option.value };
        break;
      case 'device':
        if (typeof option.value !== 'string' || !DEVICES.includes(option.value)) {
          throw wrong(option, DEVICES.map((device) => `'${device}'`).join(' or '));
        }
        read = { ...read, device: option.value };
        break;
      case 'resize':
      case 'interpolation':
        read = { ...read, resize: readResizeOption(read.resize, option.name, option, wrong) };
        break;
      default: {
        const compileOption = COMPILE_OPTIONS.find((known) => known === option.name);
        if (compileOption !== undefined) {
          read = { ...read, file: readCompileOption(read.file, compileOption, option, wrong) };
          break;
        }
        const name = TEXT_OPTIONS.find((known) => known === option.name);
        if (name !== undefined) {
          read = { ...read, text: readTextOption(read.text, name, option, wrong) };
          break;
        }
        throw errorAt(
          option.nameToken,
          SqlState.syntaxError,
          `CREATE MODEL has no option "${option.name}"`,
          'The options are preprocess, labels, top_k, output, batch_size, device, architecture, input_shape, resize, interpolation, tokenizer, max_length, pooling and normalize.',
        );
      }
    }
  }
  checkTextOptions(read.text);
  return read;
}

function labelsOf(option: Option): readonly string[] | { readonly file: string } {
  if (typeof option.value === 'string') return { file: option.value };
  const items: readonly unknown[] = Array.isArray(option.value) ? option.value : [];
  const labels = items.filter((item) => typeof item === 'string');
  if (labels.length === 0 || labels.length < items.length) throw wrong(option, 'a list of strings or a file');
  return labels;
}

function integer(option: Option, max: number): number {
  const { value } = option;
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > max) {
    throw wrong(option, `a whole number from 1 to ${max}`);
  }
  return value;
}

function wrong(option: Option, wanted: string): Error {
  return errorAt(
    option.valueToken,
    SqlState.invalidParameterValue,
    `option "${option.name}" cannot be ${option.valueToken.text}`,
    `It takes ${wanted}.`,
  );
}
