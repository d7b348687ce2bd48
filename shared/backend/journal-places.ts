/** What is kept of a device while no backend serves it: what it is called, and how large it is. */

/** The name is `KIND-DOMID-DEVICE`, and more behind it. */
export interface JournalPlace {
  readonly name: string;
  readonly pages: number;
}

/** Those of `names` that are kept for devices of this kind, but for none at any of these paths. */
export function othersJournals(
  kind: string,
  names: Iterable<string>,
  paths: readonly string[],
): string[] {
  const there = new Set(paths.map((path) => path.split('/').slice(-2).join('-')));
  return [...names].filter((name) => {
    const device = /^([a-z]+)-([0-9]+-[0-9]+)[-.]/.exec(name);
    return device?.[1] === kind && !there.has(device[2] as string);
  });
}
