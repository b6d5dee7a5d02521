import { rmSync } from 'node:fs';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { placeIn } from '../../../common/files/file-name.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';
import type { ExtensionContent } from './content.ts';

/** The files that stay in a tree and the paths that were removed. */
export interface Selection {
  /** Number of files that stay. */
  readonly files: number;
  /** Number of files removed, by path: a top-level directory, or the file itself when its directory stays. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Latest modification time of the files that stay, as a Unix timestamp in seconds. */
  readonly newest: number;
}

/** Maximum number of paths in a message. */
const SHOWN = 10;

/**
 * Removes from a tree the files that an extension must not contain.
 * @param options.isLayer whether the tree comes from image layers, which contain unrelated files; in other trees such
 *   files are an error
 * @throws FactoryError `verification` for files that an extension must not contain, `usage` when no file is left
 */
export function selectContent(
  tree: string,
  content: ExtensionContent,
  { isLayer }: { readonly isLayer: boolean },
): Selection {
  const leftOut = new Map<string, number>();
  const outside: string[] = [];
  const unwanted: string[] = [];
  let files = 0;
  let newest = 0;
  for (const { path, stats } of walkTree(tree)) {
    if (path === '') continue;
    const top = path.split('/', 1)[0] ?? '';
    const isInside = content.hierarchies.includes(top);
    if (isInside && path === top && !stats.isDirectory()) {
      throw new FactoryError('EXTENSION_CONTENT_REFUSED', `/${top} is not a directory`, {
        remedy: 'Use content in which it is a directory.',
      });
    }
    // Empty directories elsewhere do not count.
    if (stats.isDirectory()) continue;
    const isNode = !stats.isFile() && !stats.isSymbolicLink();
    if (isInside && !isNode && !isForbidden(path, content, { isLayer })) {
      files += 1;
      newest = Math.max(newest, Math.floor(Number(stats.mtimeMs) / 1000));
      continue;
    }
    const name = isInside ? path : top;
    leftOut.set(`/${name}`, (leftOut.get(`/${name}`) ?? 0) + 1);
    unwanted.push(name);
    outside.push(`/${path}`);
  }
  if (!isLayer && outside.length > 0) throw refused(content, outside);
  if (files === 0) {
    throw new FactoryError(
      'SOURCE_UNSUITABLE',
      `there is no file below ${listOf(content)} for a ${content.kind.name}`,
      {
        remedy: 'Use content that has files there.',
      },
    );
  }
  for (const path of [...unwanted, ...topsOutside(tree, content)]) {
    rmSync(placeIn(tree, path), { recursive: true, force: true });
  }
  return { files, leftOut, newest };
}

function isForbidden(
  path: string,
  content: ExtensionContent,
  { isLayer }: { readonly isLayer: boolean },
): boolean {
  return content.forbidden.includes(path) || (isLayer && content.accidental.includes(path));
}

/** The top-level entries of a tree that are not extension hierarchies. */
function topsOutside(tree: string, { hierarchies }: ExtensionContent): string[] {
  const paths = [...walkTree(tree)].map(({ path }) => path);
  return paths.filter((path) => path !== '' && !path.includes('/') && !hierarchies.includes(path));
}

function refused(content: ExtensionContent, paths: readonly string[]): FactoryError {
  const more = paths.length > SHOWN ? [`… and ${paths.length - SHOWN} more`] : [];
  return new FactoryError(
    'EXTENSION_CONTENT_REFUSED',
    `a ${content.kind.name} must not contain ${paths.length} of the files`,
    {
      details: [...paths.slice(0, SHOWN), ...more],
      remedy: `Keep only files below ${listOf(content)}, except device nodes${content.forbidden.map((path) => ` and /${path}`).join('')}.`,
    },
  );
}

function listOf({ hierarchies }: ExtensionContent): string {
  return hierarchies.map((name) => `/${name}`).join(' and ');
}
