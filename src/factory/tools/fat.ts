import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

const MKFS_FAT: HostTool = {
  name: 'mkfs.fat',
  package: 'dosfstools',
  purpose: 'makes the EFI system partition',
};
const MCOPY: HostTool = { name: 'mcopy', package: 'mtools', purpose: 'fills the EFI system partition' };
const MMD: HostTool = {
  name: 'mmd',
  package: 'mtools',
  purpose: 'makes directories on the EFI system partition',
};
/** The tools that {@link makeFat} runs. */
export const MAKE_FAT_TOOLS: readonly HostTool[] = [MKFS_FAT, MMD, MCOPY];

/** Up to this size a cluster is one sector: FAT16 needs at least 4085 clusters. */
const SMALL_KIB = 16 * 1024;

/** A FAT filesystem inside a file. */
export interface FatTarget {
  readonly file: string;
  /** Byte offset of the filesystem in the file. */
  readonly offset: number;
  /** In KiB. */
  readonly kib: number;
  readonly label: string;
  /** Unix timestamp for every file. */
  readonly epoch: number;
}

/**
 * Creates a FAT filesystem in a file and copies files into it, without mounting and without privileges.
 * @param entries pairs of a path in the filesystem, separated by `/`, and the host file to copy there
 */
export async function makeFat(
  runner: Runner,
  target: FatTarget,
  entries: readonly (readonly [path: string, source: string])[],
): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: String(target.epoch), MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null' };
  // Explicit, because mkfs.fat derives both from the size of the whole file. FAT16, like upstream's ESP.
  const cluster = target.kib <= SMALL_KIB ? '1' : '4';
  const format = ['--invariant', '-F', '16', '-s', cluster, '-i', '4B414952', '-n', target.label];
  if (target.offset > 0) format.push(`--offset=${target.offset / 512}`);
  await runner.run(MKFS_FAT, [...format, target.file, String(target.kib)], { env });
  const image = `${target.file}@@${target.offset}`;
  const directories = [...new Set(entries.flatMap(([path]) => ancestors(path)))].sort();
  if (directories.length > 0) {
    await runner.run(MMD, ['-i', image, ...directories.map((directory) => `::${directory}`)], { env });
  }
  for (const [path, source] of entries) await runner.run(MCOPY, ['-i', image, source, `::${path}`], { env });
}

/**
 * Copies all files of a FAT filesystem into an existing directory.
 * @param source.offset byte offset of the filesystem in the file
 */
export async function extractFat(
  runner: Runner,
  source: { readonly file: string; readonly offset: number },
  directory: string,
): Promise<void> {
  const image = `${source.file}@@${source.offset}`;
  const env = { MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null' };
  await runner.run(MCOPY, ['-s', '-n', '-m', '-i', image, '::/', `${directory}/`], { env });
}

function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
}
