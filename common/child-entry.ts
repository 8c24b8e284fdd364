import { fileURLToPath } from 'node:url';

/**
 * Path of a child process' entry file that stands beside the calling module, in whichever form the caller itself
 * runs: `.ts` under tsx, `.js` in dist/.
 *
 * @param moduleUrl the caller's `import.meta.url`
 * @param name file name without extension, relative to the caller ("./worker-main")
 */
export function childEntry(moduleUrl: string, name: string): string {
  const extension = moduleUrl.endsWith('.ts') ? '.ts' : '.js';
  return fileURLToPath(new URL(name + extension, moduleUrl));
}
