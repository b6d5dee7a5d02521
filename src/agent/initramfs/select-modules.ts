import { type ModuleIndex, moduleName } from './module-index.ts';
import type { ModuleSets } from './module-sets.ts';

type Sets = readonly Omit<ModuleSets['sets'][number], 'arches'>[];

/**
 * The modules that the sets name, with everything that they depend on, also softly.
 * @returns paths as in the index, sorted
 */
export function selectModules(index: ModuleIndex, sets: Sets): string[] {
  const selected = new Set<string>();
  const pending = sets.flatMap((set) => named(index, set));
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

function named(index: ModuleIndex, { modules, directories, except }: Sets[number]): string[] {
  const prefixes = directories.map((directory) => `kernel/${directory}/`);
  const isExcepted = (path: string) =>
    except.some((each) => path.startsWith(`kernel/${each}/`) || moduleName(path) === moduleName(each));
  const inDirectories = [...index.needs.keys()].filter(
    (path) => prefixes.some((prefix) => path.startsWith(prefix)) && !isExcepted(path),
  );
  return [...inDirectories, ...modules.flatMap((name) => resolveName(index, name))];
}

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
