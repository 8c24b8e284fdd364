/** The setting search_path as the names it is a list of. */

/** `"$user", public` → $user, public: names as written, quotes taken off. */
export function searchPathNames(value: string): string[] {
  return (
    value
      // Commas inside quotes are part of a name.
      .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)
      .map((part) =>
        part
          .trim()
          .replace(/^"(.*)"$/s, '$1')
          .replaceAll('""', '"'),
      )
      .filter((name) => name !== '')
  );
}
