/** What Hive and Spark write for a NULL in a partition column. */
const HIVE_NULL = '__HIVE_DEFAULT_PARTITION__';

/** Hive escapes characters in folder names as %XX; a sequence that is not one stands for itself. */
function hiveDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text.replace(/%([0-7][0-9a-f])/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
  }
}

function isPartition(segment: string): boolean {
  return segment.indexOf('=') > 0;
}

/**
 * Hive partitions of an object: the `name=value` folders below the listed location, and those that the location
 * itself ends in (`photos/label=cat/` has the label cat). Values are decoded; Hive's NULL is left out; of two
 * folders of one name the inner one counts.
 *
 * @param base folders of the listed location
 * @param folders folders between it and the object
 */
export function hivePartitions(
  base: readonly string[],
  folders: readonly string[],
): ReadonlyMap<string, string> {
  let first = base.length;
  while (first > 0 && isPartition(base[first - 1] ?? '')) first--;
  const partitions = new Map<string, string>();
  for (const segment of [...base.slice(first), ...folders]) {
    if (!isPartition(segment)) continue;
    const at = segment.indexOf('=');
    const value = segment.slice(at + 1);
    if (value !== HIVE_NULL) partitions.set(hiveDecoded(segment.slice(0, at)), hiveDecoded(value));
  }
  return partitions;
}
