import { type InstalledPackage, optionalText, statements } from './installed-package.ts';
import { readTextInRoot } from './read-in-root.ts';

/** The databases of installed packages of apk 2 and of apk 3 (Alpine 3.22 and later). */
const DATABASES = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'];

/**
 * Reads the packages that apk installed, from its text database (Alpine wiki, "Apk spec": the fields of APKINDEX).
 * @param root host path of the tree
 * @returns in the order of the database; empty without one
 */
export async function readApkPackages(root: string): Promise<InstalledPackage[]> {
  return parseApkDatabase((await readApkDatabase(root)) ?? '');
}

/** Reads the text of the database; `undefined` when there is none. */
export async function readApkDatabase(root: string): Promise<string | undefined> {
  for (const path of DATABASES) {
    const text = await readTextInRoot(root, path);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** Parses paragraphs of lines `LETTER:value`, up to the list of files, which begins at `F`. */
export function parseApkDatabase(text: string): InstalledPackage[] {
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const fields = new Map<string, string>();
    for (const line of paragraph.split('\n')) {
      if (line.startsWith('F:')) break;
      if (line.charAt(1) === ':') fields.set(line.charAt(0), line.slice(2));
    }
    const name = fields.get('P');
    return name ? [apkPackage(name, fields)] : [];
  });
}

function apkPackage(name: string, fields: ReadonlyMap<string, string>): InstalledPackage {
  const version = fields.get('V') ?? '';
  return {
    type: 'apk',
    name,
    version,
    arch: fields.get('A') ?? '',
    // A package and its subpackages are built from one APKBUILD and share its version.
    source: { name: fields.get('o') || name, version },
    licences: statements([fields.get('L') ?? '']),
    ...optionalText({ maintainer: fields.get('m'), homepage: fields.get('U') }),
  };
}
