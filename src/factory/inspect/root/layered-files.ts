import type { RootFile } from './root-view.ts';

/** The files of an image while its layers are applied in order. */
export interface LayeredFiles {
  /** Adds a file of a layer. What was at its place goes; and what was below it, unless both are directories. */
  add(file: RootFile, layer: number): void;
  /** Removes what lower layers have below a directory, and with `itself`, at its place. */
  remove(path: string, options: { readonly layer: number; readonly itself: boolean }): void;
  get(path: string): RootFile | undefined;
  readonly all: () => RootFile[];
}

/** Creates an empty tree. */
export function layeredFiles(): LayeredFiles {
  const files = new Map<string, { readonly file: RootFile; readonly layer: number }>();
  /** Directories of files, which an archive need not have as members. */
  const parents = new Set<string>();
  const remove: LayeredFiles['remove'] = (path, { layer, itself }) => {
    for (const [other, found] of files) {
      const isBelow = path === '' || other.startsWith(`${path}/`) || (itself && other === path);
      if (isBelow && found.layer < layer) files.delete(other);
    }
  };
  return {
    add: (file, layer) => {
      const { path, kind } = file;
      if (kind !== 'directory' && parents.has(path))
        remove(path, { layer: Number.POSITIVE_INFINITY, itself: true });
      for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
        const parent = path.slice(0, at);
        parents.add(parent);
        if (files.get(parent)?.file.kind !== 'directory') files.delete(parent);
      }
      files.delete(path);
      files.set(path, { file, layer });
    },
    remove,
    get: (path) => files.get(path)?.file,
    all: () => [...files.values()].map(({ file }) => file),
  };
}
