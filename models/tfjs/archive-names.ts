/** The one model.json of an archive, at its root or in a folder; what macOS adds to archives does not count. */
export function modelJsonIn(names: readonly string[]): string | undefined {
  const found = names.filter((name) => /(^|\/)model\.json$/.test(name) && !name.startsWith('__MACOSX/'));
  return found.length === 1 ? found[0] : undefined;
}
