import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { ExtensionArch } from './architectures.ts';
import type { ExtensionContent } from './content.ts';
import { checkExtensionRelease, type ExtensionTarget, renderExtensionRelease } from './extension-release.ts';

const PREFIX = 'extension-release.';

/** The extension and the systems it is for, which its release file describes. */
export interface ExtensionRelease {
  /** Name of the extension. */
  readonly name: string;
  readonly content: ExtensionContent;
  readonly arch: ExtensionArch;
  readonly target: ExtensionTarget;
}

/**
 * Writes the release file into the tree of an extension, or checks an existing one. It gets two names: for the image
 * NAME.sysext.raw, systemd 257 reads only the file for "NAME", and systemd 252 only the file for "NAME.sysext".
 * @throws FactoryError `verification` when the existing file does not match, `usage` when there is one and a target is
 *   given too
 */
export function placeExtensionRelease(tree: string, { name, content, arch, target }: ExtensionRelease): void {
  const { kind } = content;
  const directory = makeInside(tree, kind.release);
  const names = [`${PREFIX}${name}`, `${PREFIX}${name}.${kind.name}`];
  const others = readdirSync(directory).filter((file) => file.startsWith(PREFIX) && !names.includes(file));
  if (others.length > 0) {
    throw new FactoryError('EXTENSION_CONTENT_REFUSED', `the content belongs to another ${kind.name}`, {
      details: others.map((file) => `/${kind.release}/${file}`),
      remedy: `Name the extension ${others[0]?.slice(PREFIX.length)}, or remove these files.`,
    });
  }
  const [file = ''] = names;
  const existing = readIfPresent(tree, `${kind.release}/${file}`);
  if (existing !== undefined) {
    if (target.id !== undefined || target.serviceReload) {
      throw new FactoryError(
        'OPTION_INVALID',
        `the content already has a ${file}, which says which systems it is for`,
        {
          remedy: 'Omit the options for it, or remove the file.',
        },
      );
    }
    checkExtensionRelease(`/${kind.release}/${file}`, existing, arch);
  }
  const text = existing ?? renderExtensionRelease(content, arch, target);
  for (const each of names) {
    if (readIfPresent(tree, `${kind.release}/${each}`) !== undefined && each === file) continue;
    writeFileSync(join(directory, each), text);
    chmodSync(join(directory, each), 0o644);
  }
}

/** Creates a directory in the tree. None of its parents may be a link, which could lead out of the tree. */
function makeInside(tree: string, path: string): string {
  let place = tree;
  for (const part of path.split('/')) {
    place = join(place, part);
    const stats = lstatSync(place, { throwIfNoEntry: false });
    if (stats === undefined) {
      mkdirSync(place);
      chmodSync(place, 0o755);
    } else if (!stats.isDirectory()) {
      throw new FactoryError(
        'EXTENSION_CONTENT_REFUSED',
        `/${place.slice(tree.length + 1)} is not a directory`,
        {
          remedy: 'Use content in which it is a directory.',
        },
      );
    }
  }
  return place;
}

function readIfPresent(tree: string, path: string): string | undefined {
  const place = join(tree, path);
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isFile()) return readFileSync(place, 'utf8');
  throw new FactoryError('EXTENSION_CONTENT_REFUSED', `/${path} is not a file`, {
    remedy: 'Replace it with a regular file, or remove it.',
  });
}
