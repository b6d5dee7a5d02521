import { type ModuleIndex, moduleName } from './module-index.ts';
import type { ModuleSets } from './module-sets.ts';

/** Which modules to select. */
export interface Selection {
  readonly sets: readonly Pick<ModuleSets['sets'][number], 'modules' | 'directories'>[];
  /** Directories or names that are left out of the directories of the sets. */
  readonly leftOut: readonly string[];
}

/** The selection for an archive of the initramfs on an architecture. */
export function selectionFor(
  { sets, 'left-out': leftOut }: Pick<ModuleSets, 'sets' | 'left-out'>,
  { arch, archive }: { readonly arch: string; readonly archive: 'main' | 'network' },
): Selection {
  return {
    sets: sets.filter((set) => set.archive === archive && (set.arches?.includes(arch) ?? true)),
    leftOut: leftOut.flatMap(({ names }) => names),
  };
}

/**
 * The modules that the sets name, with everything that they depend on, also softly.
 * @returns paths as in the index, sorted
 */
export function selectModules(index: ModuleIndex, { sets, leftOut }: Selection): string[] {
  const selected = new Set<string>();
  const pending = sets.flatMap((set) => named(index, set, leftOut));
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (selected.has(path)) continue;
    selected.add(path);
    const { pre = [], post = [] } = index.soft.get(moduleName(path)) ?? {};
    pending.push(
      ...(index.needs.get(path) ?? []),
      ...[...pre, ...post].flatMap((wanted) => resolveName(index, wanted)),
    );
  }
  return [...selected].sort();
}

function named(
  index: ModuleIndex,
  { modules, directories }: Selection['sets'][number],
  leftOut: readonly string[],
): string[] {
  const prefixes = directories.map((directory) => `kernel/${directory}/`);
  const inDirectories = [...index.needs.keys()].filter(
    (path) => prefixes.some((prefix) => path.startsWith(prefix)) && !isLeftOut(path, leftOut),
  );
  return [...inDirectories, ...modules.flatMap((name) => resolveName(index, name))];
}

/** Whether a path belongs to directories and names that are left out. */
export const isLeftOut = (path: string, leftOut: readonly string[]): boolean =>
  leftOut.some((each) =>
    each.includes('/') ? path.startsWith(`kernel/${each}/`) : moduleName(path) === moduleName(each),
  );

/** The modules of a name; soft dependencies are often aliases, such as `crypto-crc32c`. */
function resolveName(index: ModuleIndex, name: string): string[] {
  const path = index.paths.get(moduleName(name));
  if (path !== undefined) return [path];
  const aliased = index.aliases.filter(({ pattern }) => pattern === name);
  return aliased.flatMap((alias) => index.paths.get(moduleName(alias.name)) ?? []);
}

/**
 * The order in which a module's dependencies are listed in `modules.dep`: the last is loaded first. BusyBox does not know
 * soft dependencies, so those that come before the module are added at the end.
 */
export function loadOrder(index: ModuleIndex, path: string, selected: ReadonlySet<string>): string[] {
  const hard = index.needs.get(path) ?? [];
  const order = [...hard];
  for (const each of [path, ...hard]) {
    for (const name of index.soft.get(moduleName(each))?.pre ?? []) {
      for (const soft of resolveName(index, name)) {
        const needs = index.needs.get(soft) ?? [];
        // A module that itself needs this one cannot be loaded before it.
        if (soft === path || needs.includes(path)) continue;
        order.push(soft, ...needs);
      }
    }
  }
  // The last place of each, because it has to be loaded before all that precede it.
  const last = order.filter((each, at) => order.lastIndexOf(each) === at);
  return last.filter((each) => selected.has(each) && each !== path);
}
