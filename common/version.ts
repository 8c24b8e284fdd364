/** SQLens' own version, as package.json has it. */
import { readFileSync } from 'node:fs';

export const SQLENS_VERSION = versionOfPackage();

function versionOfPackage(): string {
  // From common/ and from dist/common/ alike.
  for (const candidate of ['../package.json', '../../package.json']) {
    try {
      const json: { version: string } = JSON.parse(readFileSync(new URL(candidate, import.meta.url), 'utf8'));
      return json.version;
    } catch {
      // From dist/ the file is one folder further up.
    }
  }
  return 'unknown';
}
