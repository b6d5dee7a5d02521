import type { Tree, TreeFile } from './tree.ts';

/** A property in which two files differ. */
export type Aspect =
  | 'kind'
  | 'content'
  | 'target'
  | 'mode'
  | 'owner'
  | 'time'
  | 'attributes'
  | 'links'
  | 'device';

/** A file that was added, removed or changed. */
export interface FileChange {
  readonly path: string;
  /** Absent when it was added. */
  readonly before?: TreeFile;
  /** Absent when it was removed. */
  readonly after?: TreeFile;
  /** The properties that differ; empty when it was added or removed. */
  readonly aspects: readonly Aspect[];
  /** Offset of the first differing byte of the content, if it was determined. */
  readonly offset?: number;
}

/** The compared properties of a file, by name. */
const ASPECTS: readonly (readonly [Aspect, (file: TreeFile) => unknown])[] = [
  ['kind', ({ kind }) => kind],
  ['content', ({ sha256 }) => sha256],
  ['target', ({ target }) => target],
  ['device', ({ device }) => device],
  ['mode', ({ mode }) => mode],
  ['owner', ({ uid, gid }) => `${uid}:${gid}`],
  ['time', ({ modified }) => Number(modified)],
  ['attributes', ({ attributes }) => JSON.stringify(attributes)],
  ['links', ({ linkOf }) => linkOf],
];

/** Lists the files that were added, removed or changed from one tree to another, sorted by path. */
export function compareTrees(before: Tree, after: Tree): FileChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.flatMap((path): FileChange[] => {
    const old = before.get(path);
    const now = after.get(path);
    if (old === undefined || now === undefined) {
      return [{ path, ...(old ? { before: old } : {}), ...(now ? { after: now } : {}), aspects: [] }];
    }
    const aspects = ASPECTS.filter(([, of]) => of(old) !== of(now)).map(([aspect]) => aspect);
    return aspects.length > 0 ? [{ path, before: old, after: now, aspects }] : [];
  });
}
