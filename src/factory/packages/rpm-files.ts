import type { PackageFiles } from './installed-package.ts';
import { readRpmDatabases } from './rpm.ts';
import { headerEntries, rpmPackage } from './rpm-header.ts';

/** The rpm tags of the files of a package (rpm reference manual, "RPM tags"). */
const OLD_NAMES = 1027;
const DIRECTORY_INDEXES = 1116;
const BASE_NAMES = 1117;
const DIRECTORIES = 1118;
const LIMIT = 1_000_000;

/** Reads which files rpm installed for each package. @throws FactoryError `step` when the database is damaged or hostile */
export function readRpmFiles(root: string): Promise<PackageFiles[]> {
  return readRpmDatabases(root, (header): PackageFiles | undefined => {
    const found = rpmPackage(header);
    if (found === undefined) return undefined;
    const { type, name, version, arch } = found;
    return { type, name, version, arch, paths: filesOf(header).map((path) => path.replace(/^\//, '')) };
  });
}

/** The paths in a header: base names, each with the index of its directory; whole paths in packages of long ago. */
function filesOf(header: Uint8Array): string[] {
  const bytes = Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  const entries = headerEntries(bytes);
  const texts = (tag: number): string[] => {
    const { begin = 0, count = 0 } = entries.get(tag) ?? {};
    if (count > LIMIT) throw new RangeError('a package has too many files');
    const found: string[] = [];
    for (let at = begin; found.length < count; ) {
      const end = bytes.indexOf(0, at);
      if (end === -1) throw new RangeError('a text is not terminated');
      found.push(bytes.toString('utf8', at, end));
      at = end + 1;
    }
    return found;
  };
  const directories = texts(DIRECTORIES);
  const indexes = entries.get(DIRECTORY_INDEXES);
  if (indexes === undefined) return texts(OLD_NAMES);
  return texts(BASE_NAMES).map((name, index) => {
    const directory = index < indexes.count ? bytes.readUInt32BE(indexes.begin + index * 4) : -1;
    return `${directories[directory] ?? '/'}${name}`;
  });
}
