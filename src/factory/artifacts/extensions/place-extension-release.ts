import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { ExtensionArch } from './architectures.ts';
import type { ExtensionContent } from './content.ts';
import { checkExtensionRelease, type ExtensionTarget, renderExtensionRelease } from './extension-release.ts';

const PREFIX = 'extension-release.';

/** What the release file of an extension says, and whose it is. */
export interface ExtensionRelease {
  /** Of the extension. */
  readonly name: string;
  readonly content: ExtensionContent;
  readonly arch: ExtensionArch;
  readonly target: ExtensionTarget;
}

/**
 * Puts the release file into the tree of an extension, or checks the one that is there. It stands there by two names:
 * systemd 257 calls the image NAME.sysext.raw "NAME", 252 calls it "NAME.sysext", and each takes the file of that name alone.
 * @throws FactoryError `verification` when the file that is there does not fit, `usage` when it is there and a target is given too
 */
export function placeExtensionRelease(tree: string, { name, content, arch, target }: ExtensionRelease): void {
  const { kind } = content;
  const directory = makeInside(tree, kind.release);
  const own = [`${PREFIX}${name}`, `${PREFIX}${name}.${kind.name}`];
  const others = readdirSync(directory).filter((file) => file.startsWith(PREFIX) && !own.includes(file));
  if (others.length > 0) {
    throw new FactoryError('EXTENSION_CONTENT_REFUSED', `the content is that of another ${kind.name}`, {
      details: others.map((file) => `/${kind.release}/${file}`),
      remedy: `Call it ${others[0]?.slice(PREFIX.length)}, or take these files out.`,
    });
  }
  const [file = ''] = own;
  const there = readIfThere(tree, `${kind.release}/${file}`);
  if (there !== undefined) {
    if (target.id !== undefined || target.serviceReload) {
      throw new FactoryError(
        'OPTION_INVALID',
        `the content has a ${file} that says which systems it is for`,
        {
          remedy: 'Leave the options for it out, or take the file out.',
        },
      );
    }
    checkExtensionRelease(`/${kind.release}/${file}`, there, arch);
  }
  const text = there ?? renderExtensionRelease(content, arch, target);
  for (const each of own) {
    if (readIfThere(tree, `${kind.release}/${each}`) !== undefined && each === file) continue;
    writeFileSync(join(directory, each), text);
    chmodSync(join(directory, each), 0o644);
  }
}

/** Makes a directory of the tree, none of whose parents may be a link: it could lead out of the tree. */
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
          remedy: 'Use content that has it as one.',
        },
      );
    }
  }
  return place;
}

function readIfThere(tree: string, path: string): string | undefined {
  const place = join(tree, path);
  const stats = lstatSync(place, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isFile()) return readFileSync(place, 'utf8');
  throw new FactoryError('EXTENSION_CONTENT_REFUSED', `/${path} is not a file`, {
    remedy: 'Make it one, or take it out.',
  });
}
