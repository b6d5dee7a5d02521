import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

const MKFS_FAT: HostTool = { name: 'mkfs.fat', package: 'dosfstools' };
const MCOPY: HostTool = { name: 'mcopy', package: 'mtools' };
const MMD: HostTool = { name: 'mmd', package: 'mtools' };
/** What {@link makeFat} starts. */
export const MAKE_FAT_TOOLS: readonly HostTool[] = [MKFS_FAT, MMD, MCOPY];

/** Up to here clusters are one sector: FAT16 needs at least 4085 of them. */
const SMALL_KIB = 16 * 1024;

/** A FAT filesystem inside a file. */
export interface FatTarget {
  readonly file: string;
  /** Byte at which the filesystem begins. */
  readonly offset: number;
  /** In KiB. */
  readonly kib: number;
  readonly label: string;
  /** Seconds since 1970. */
  readonly epoch: number;
}

/**
 * Makes a FAT filesystem in a file and fills it, with neither mount nor privilege.
 * @param entries pairs of a path inside, with `/` between its parts, and the file whose content goes there
 */
export async function makeFat(
  runner: Runner,
  target: FatTarget,
  entries: readonly (readonly [path: string, source: string])[],
): Promise<void> {
  const env = { SOURCE_DATE_EPOCH: String(target.epoch), MTOOLS_SKIP_CHECK: '1', MTOOLSRC: '/dev/null' };
  // Said outright, because mkfs.fat derives both from the size of the whole file. FAT16 as upstream's ESP is.
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
 * @param source.offset byte at which the filesystem begins in the file
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
