import { readdir } from 'node:fs/promises';
import { resolveInRoot } from '../../common/files/resolve-in-root.ts';
import { type Paragraph, parseControl } from './control-paragraphs.ts';
import { copyrightLicences } from './debian-copyright.ts';
import { type InstalledPackage, optionalText } from './installed-package.ts';
import { readTextInRoot } from './read-in-root.ts';

const STATUS = '/var/lib/dpkg/status';
/** One file per package, without the field `Status`; found in images that were assembled without dpkg. */
const STATUS_DIRECTORY = '/var/lib/dpkg/status.d';
/** States of dpkg(1) in which no files of the package are installed. */
const ABSENT = new Set(['not-installed', 'config-files']);

/**
 * Reads the packages that dpkg installed, with the licences from `/usr/share/doc/PACKAGE/copyright`.
 * @param root host path of the tree
 * @returns in the order of the database; empty without one
 */
export async function readDebPackages(root: string): Promise<InstalledPackage[]> {
  const texts = [await readTextInRoot(root, STATUS), ...(await statusFiles(root))];
  const paragraphs = texts.flatMap((text) => parseControl(text ?? '')).filter(isInstalled);
  return Promise.all(
    paragraphs.map(async (paragraph) => {
      const name = paragraph.get('package') ?? '';
      const copyright = await readTextInRoot(root, `/usr/share/doc/${name}/copyright`);
      return debPackage(paragraph, copyright === undefined ? [] : copyrightLicences(copyright));
    }),
  );
}

async function statusFiles(root: string): Promise<(string | undefined)[]> {
  const directory = await resolveInRoot(root, STATUS_DIRECTORY);
  const names = directory === undefined ? [] : (await readdir(directory)).sort();
  // The directory also holds lists of checksums.
  const files = names.filter((name) => !name.endsWith('.md5sums'));
  return Promise.all(files.map((name) => readTextInRoot(root, `${STATUS_DIRECTORY}/${name}`)));
}

function isInstalled(paragraph: Paragraph): boolean {
  const state = paragraph.get('status')?.split(' ')[2];
  return Boolean(paragraph.get('package')) && !ABSENT.has(state ?? 'installed');
}

function debPackage(paragraph: Paragraph, licences: readonly string[]): InstalledPackage {
  const name = paragraph.get('package') ?? '';
  const version = paragraph.get('version') ?? '';
  // `Source: NAME (VERSION)`; each part is absent if it equals the package's own.
  const source = /^(\S+)(?:\s+\((.+)\))?$/.exec(paragraph.get('source') ?? '');
  return {
    type: 'deb',
    name,
    version,
    arch: paragraph.get('architecture') ?? '',
    source: { name: source?.[1] ?? name, version: source?.[2] ?? version },
    licences,
    ...optionalText({ maintainer: paragraph.get('maintainer'), homepage: paragraph.get('homepage') }),
  };
}
