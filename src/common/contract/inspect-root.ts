import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { measureTree } from '../files/walk-tree.ts';
import { checkConformance } from './conformance.ts';
import type { ImageFacts } from './image-facts.ts';
import { NODE_PATH } from './node-paths.ts';
import { parseOsRelease } from './os-release.ts';
import { bootLoaderOrigin } from './root-names.ts';
import { EPOCH_FILE } from './system-layout.ts';

/**
 * Checks the root of an OS image and reads the facts that artifacts need.
 * @param name the image, for messages
 * @param notice receives each violation of an advisory rule
 * @throws FactoryError `verification` when it is not an OS, with one detail line per violation
 */
export async function inspectImage(
  root: string,
  name: string,
  notice: (text: string) => void,
): Promise<ImageFacts> {
  const failed = (await checkConformance(root)).filter((finding) => !finding.passed);
  for (const finding of failed.filter(({ required }) => !required)) notice(finding.text);
  const wrong = failed.filter(({ required }) => required);
  if (wrong.length > 0) {
    throw new FactoryError('IMAGE_NOT_OS', `${name} is not an OS image: ${wrong.length} check(s) failed`, {
      details: wrong.map(({ check, text }) => `${check}: ${text}`),
      remedy: 'Make one from it with "kairos-factory build --base …".',
    });
  }
  const read = async (path: string) => {
    const file = await resolveInRoot(root, path);
    return file === undefined ? '' : readFile(file, 'utf8');
  };
  const tree = measureTree(root);
  const kernel = await resolveInRoot(root, '/boot/vmlinuz');
  const version = kernel === undefined ? undefined : kernelVersion(basename(kernel));
  return {
    // An image made by other tools is as old as its newest file.
    epoch: Number((await read(EPOCH_FILE)).trim()) || tree.newest,
    tree,
    release: Object.fromEntries(parseOsRelease(await read(NODE_PATH.release))),
    ...(await bootLoaderOrigin(root)),
    selinux: selinuxArguments(await read('/etc/cos/bootargs.cfg')),
    ...(version === undefined ? {} : { kernel: version }),
  };
}

/** The version in a kernel's file name, to which `/boot/vmlinuz` links: `vmlinuz-VERSION` or `Image-VERSION`. */
function kernelVersion(name: string): string | undefined {
  return /^[^-]+-(.+)$/.exec(name)?.[1];
}

/** The SELinux arguments of an image's menu, which also apply to live media. */
function selinuxArguments(bootargs: string): string {
  return /\bselinux=[01](?: enforcing=[01])?/.exec(bootargs)?.[0] ?? 'selinux=0';
}
