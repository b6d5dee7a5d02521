/** What depmod(8) found in a kernel's modules. Paths are relative to its directory in `/lib/modules`. */
export interface ModuleIndex {
  /** Each module's path with those of all modules that it needs, in the order of `modules.dep`. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** The path of each module, by name. */
  readonly paths: ReadonlyMap<string, string>;
  /** Modules that should be loaded before and after a module, by name. */
  readonly soft: ReadonlyMap<string, { readonly pre: readonly string[]; readonly post: readonly string[] }>;
  /** Names of the modules that are part of the kernel. */
  readonly builtin: ReadonlySet<string>;
  /** The lines `alias PATTERN NAME`. */
  readonly aliases: readonly { readonly pattern: string; readonly name: string }[];
}

/** The texts that depmod writes. */
export interface ModuleTexts {
  readonly dep: string;
  readonly softdep: string;
  readonly builtin: string;
  readonly alias: string;
}

/** `kernel/fs/nls/nls_cp437.ko.xz` → `nls_cp437`. Module names treat `-` as `_`. */
export function moduleName(path: string): string {
  const base = path.slice(path.lastIndexOf('/') + 1);
  const dot = base.indexOf('.');
  return (dot < 0 ? base : base.slice(0, dot)).replaceAll('-', '_');
}

/** The path of a module once it is no longer compressed. */
export const plainPath = (path: string): string => path.replace(/\.(xz|gz|zst)$/, '');

/** Reads what depmod wrote. */
export function parseModuleIndex(texts: ModuleTexts): ModuleIndex {
  const needs = new Map(
    lines(texts.dep).flatMap((line): [string, string[]][] => {
      const colon = line.indexOf(':');
      if (colon < 0) return [];
      return [
        [
          line.slice(0, colon),
          line
            .slice(colon + 1)
            .split(' ')
            .filter(Boolean),
        ],
      ];
    }),
  );
  return {
    needs,
    paths: new Map([...needs.keys()].map((path) => [moduleName(path), path])),
    soft: softDependencies(texts.softdep),
    builtin: new Set(lines(texts.builtin).map(moduleName)),
    aliases: lines(texts.alias).flatMap((line) => {
      const [word, pattern, name] = line.split(' ');
      return word === 'alias' && pattern !== undefined && name !== undefined ? [{ pattern, name }] : [];
    }),
  };
}

function softDependencies(text: string): ModuleIndex['soft'] {
  const soft = new Map<string, { pre: string[]; post: string[] }>();
  for (const line of lines(text)) {
    const [word, name, ...rest] = line.split(/\s+/);
    if (word !== 'softdep' || name === undefined) continue;
    const entry = soft.get(moduleName(name)) ?? { pre: [], post: [] };
    soft.set(moduleName(name), entry);
    let into = entry.pre;
    for (const each of rest) {
      if (each === 'pre:') into = entry.pre;
      else if (each === 'post:') into = entry.post;
      else if (each !== '') into.push(each);
    }
  }
  return soft;
}

/** Without comments and empty lines. */
function lines(text: string): string[] {
  return text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
