import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';
import type { ExtensionContent } from './content.ts';

/** What a tree is reduced by, and how old it is. */
export interface Selection {
  /** How many files stay. */
  readonly files: number;
  /** Paths that went, by the directory at the top, or by their own name where only they went. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** The newest of the files that stay, in seconds since 1970. */
  readonly newest: number;
}

/** Names that a message lists. */
const SHOWN = 10;

/**
 * Reduces a tree to what an extension may hold.
 * @param options.isLayer whether the tree comes from an image, whose layers hold more than is wanted; otherwise what does not belong
 *   is an error
 * @throws FactoryError `verification` for what does not belong, `usage` when nothing is left
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
        remedy: 'Use content that has it as one.',
      });
    }
    // Empty directories elsewhere are no content.
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
        remedy: 'Give content that has some.',
      },
    );
  }
  for (const path of [...unwanted, ...topsOutside(tree, content)]) {
    rmSync(join(tree, path), { recursive: true, force: true });
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

/** What stands at the top of a tree, and is no hierarchy of extensions. */
function topsOutside(tree: string, { hierarchies }: ExtensionContent): string[] {
  const paths = [...walkTree(tree)].map(({ path }) => path);
  return paths.filter((path) => path !== '' && !path.includes('/') && !hierarchies.includes(path));
}

function refused(content: ExtensionContent, paths: readonly string[]): FactoryError {
  const more = paths.length > SHOWN ? [`… and ${paths.length - SHOWN} more`] : [];
  return new FactoryError(
    'EXTENSION_CONTENT_REFUSED',
    `a ${content.kind.name} cannot hold ${paths.length} of the files`,
    {
      details: [...paths.slice(0, SHOWN), ...more],
      remedy: `Keep what is below ${listOf(content)}, without device nodes${content.forbidden.map((path) => ` and /${path}`).join('')}.`,
    },
  );
}

function listOf({ hierarchies }: ExtensionContent): string {
  return hierarchies.map((name) => `/${name}`).join(' and ');
}
