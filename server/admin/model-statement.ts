/** Requests as the SQL that means the same. Names and texts are quoted here and nowhere else. */
import { quoteIdentifier, quoteLiteral } from '../query/text/tokens.ts';
import type { CreateModel, ModelOptions } from './api.ts';

/** CREATE MODEL for a request whose file is at `uri`. */
export function createModelStatement(request: CreateModel, uri: string): string {
  const { name, functionName, returns, options, replace } = request;
  const clauses = [
    `CREATE ${replace ? 'OR REPLACE ' : ''}MODEL ${quoteIdentifier(name)}`,
    `FROM ${quoteLiteral(uri)}`,
    ...(functionName === undefined ? [] : [`FUNCTION ${quoteIdentifier(functionName)}`]),
    ...(returns === undefined ? [] : [`RETURNS ${returns}`]),
  ];
  const settings = optionSettings(options);
  if (settings.length > 0) clauses.push(`OPTIONS (${settings.join(', ')})`);
  return clauses.join(' ');
}

export function dropModelStatement(name: string): string {
  return `DROP MODEL ${quoteIdentifier(name)}`;
}

/** @param version a whole number */
export function dropVersionStatement(name: string, version: number): string {
  return `${dropModelStatement(name)} VERSION ${version}`;
}

/** @param version a whole number */
export function setDefaultVersionStatement(name: string, version: number): string {
  return `ALTER MODEL ${quoteIdentifier(name)} SET DEFAULT_VERSION = ${version}`;
}

function optionSettings(options: ModelOptions): string[] {
  const { preprocess, labels, top_k, output, batch_size, device } = options;
  const { tokenizer, max_length, pooling, normalize } = options;
  const { architecture, input_shape, resize, interpolation } = options;
  const settings: string[] = [];
  if (preprocess !== undefined) settings.push(`preprocess = ${quoteLiteral(preprocess)}`);
  if (typeof labels === 'string') settings.push(`labels = ${quoteLiteral(labels)}`);
  else if (labels !== undefined) settings.push(`labels = [${labels.map(quoteLiteral).join(', ')}]`);
  if (top_k !== undefined) settings.push(`top_k = ${top_k}`);
  if (output !== undefined) settings.push(`output = ${quoteLiteral(output)}`);
  if (batch_size !== undefined) settings.push(`batch_size = ${batch_size}`);
  if (device !== undefined) settings.push(`device = ${quoteLiteral(device)}`);
  if (tokenizer !== undefined) settings.push(`tokenizer = ${quoteLiteral(tokenizer)}`);
  if (max_length !== undefined) settings.push(`max_length = ${max_length}`);
  if (pooling !== undefined) settings.push(`pooling = ${quoteLiteral(pooling)}`);
  if (normalize !== undefined) settings.push(`normalize = ${normalize}`);
  if (architecture !== undefined) settings.push(`architecture = ${quoteLiteral(architecture)}`);
  if (input_shape !== undefined) settings.push(`input_shape = [${input_shape.join(', ')}]`);
  if (resize !== undefined) settings.push(`resize = ${quoteLiteral(resize)}`);
  if (interpolation !== undefined) settings.push(`interpolation = ${quoteLiteral(interpolation)}`);
  return settings;
}
