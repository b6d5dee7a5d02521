import type { Tree, TreeFile } from './tree.ts';

/** In what a file differs. */
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

/** A file that is not in both of two trees, or not the same in both. */
export interface FileChange {
  readonly path: string;
  /** Absent when it was added. */
  readonly before?: TreeFile;
  /** Absent when it was removed. */
  readonly after?: TreeFile;
  /** In what; empty when it was added or removed. */
  readonly aspects: readonly Aspect[];
  /** Of the content: the first byte that is not the same, when it was looked for. */
  readonly offset?: number;
}

/** What of a file is compared, and the words for it. */
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

/** What was added, removed and changed from one tree to another, in the order of paths. */
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
