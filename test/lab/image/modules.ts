// Chooses kernel modules: the wanted ones and all that they need, in an order that insmod accepts.

/** `path: dependency dependency ...` for each module, as depmod writes modules.dep. */
export const parseModulesDep = (text: string): Map<string, string[]> =>
  new Map(
    text.split('\n').flatMap((line) => {
      const [path, rest] = line.split(':');
      if (!path || rest === undefined) return [];
      return [[path, rest.trim().split(' ').filter(Boolean)] as const];
    }),
  );

/** The kernel's name of a module: its file's name, with underscores. */
export const moduleName = (path: string): string =>
  (path.split('/').at(-1) ?? '').replace(/\.ko(\.\w+)?$/, '').replaceAll('-', '_');

/**
 * Paths of the wanted modules and of what they depend on, dependencies first. A wanted module that
 * is built into the kernel (`builtin`, the text of modules.builtin) needs no file.
 */
export const moduleClosure = (
  dep: ReadonlyMap<string, readonly string[]>,
  wanted: readonly string[],
  builtin = '',
): string[] => {
  const byName = new Map([...dep.keys()].map((path) => [moduleName(path), path]));
  const inKernel = new Set(builtin.split('\n').map(moduleName));
  const chosen = new Set<string>();
  for (const want of wanted) {
    const path = byName.get(moduleName(want));
    if (path === undefined) {
      if (inKernel.has(moduleName(want))) continue;
      throw new Error(`the kernel has no module ${want}`);
    }
    // depmod lists the whole closure of a module, the innermost dependency last.
    for (const needed of [...(dep.get(path) ?? [])].reverse()) chosen.add(needed);
    chosen.add(path);
  }
  return [...chosen];
};
