import { type InstalledPackage, optionalText, statements } from './installed-package.ts';
import { readTextInRoot } from './read-in-root.ts';

/** Where apk 2 and, from Alpine 3.22 on, apk 3 keep what is installed. */
const DATABASES = ['/lib/apk/db/installed', '/usr/lib/apk/db/installed'];

/** Packages of apk, from its database in text (Alpine wiki, "Apk spec": the fields of APKINDEX). */
export async function readApkPackages(root: string): Promise<InstalledPackage[]> {
  for (const path of DATABASES) {
    const text = await readTextInRoot(root, path);
    if (text !== undefined) return parseApkDatabase(text);
  }
  return [];
}

/** Paragraphs of lines `LETTER:value`. Those on files, `F` and what follows it, are of no interest here. */
function parseApkDatabase(text: string): InstalledPackage[] {
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
