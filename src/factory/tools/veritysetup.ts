import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const VERITYSETUP: HostTool = {
  name: 'veritysetup',
  package: 'cryptsetup-bin',
  version: {
    args: ['--version'],
    pattern: /veritysetup (\d+(?:\.\d+)*)/,
    // Debian bullseye's.
    range: '>=2.3.0',
    reason: 'nothing older than 2.3 was tried',
  },
};

/** Bytes of a block of data and of a block of hashes, both: the kernel takes no larger ones than a page. */
export const VERITY_BLOCK = 4096;
/** Hashes of sha256 in a block. */
const FANOUT = VERITY_BLOCK / 32;

/** Where a filesystem and its hashes are. */
export interface VerityPlace {
  /** A file that is the filesystem and nothing else, in whole blocks. */
  readonly data: string;
  readonly hashFile: string;
  /** Byte of `hashFile` at which the superblock begins, in whole blocks. */
  readonly hashOffset: number;
}

/**
 * Bytes that the superblock and the hashes of a filesystem take (kernel documentation, "dm-verity", "Hash Tree").
 * @param size bytes of the filesystem, in whole blocks
 */
export function verityTreeSize(size: number): number {
  let blocks = 1;
  for (let level = size / VERITY_BLOCK; level > 1; blocks += level) level = Math.ceil(level / FANOUT);
  return blocks * VERITY_BLOCK;
}

/**
 * Writes superblock and hashes of a filesystem into a file, with neither a loop device nor privilege.
 * @param options.salt bytes in hex
 * @returns the root hash in hex
 * @throws FactoryError `step` when it fails, or does not say the root hash
 */
export async function formatVerity(
  runner: Runner,
  { data, hashFile, hashOffset }: VerityPlace,
  options: { readonly salt: string; readonly uuid: string },
): Promise<string> {
  const args = ['format', data, hashFile, `--hash-offset=${hashOffset}`];
  args.push('--hash=sha256', `--data-block-size=${VERITY_BLOCK}`, `--hash-block-size=${VERITY_BLOCK}`);
  args.push(`--salt=${options.salt}`, `--uuid=${options.uuid}`);
  const { stdout } = await runner.run(VERITYSETUP, args);
  const rootHash = /^Root hash:\s*([0-9a-f]{64})\s*$/m.exec(stdout)?.[1];
  if (rootHash !== undefined) return rootHash;
  throw new FactoryError('TOOL_FAILED', 'veritysetup did not tell the root hash', {
    details: stdout.split('\n'),
  });
}

/** @throws FactoryError `verification` when the filesystem or its hashes are not what the root hash stands for */
export async function verifyVerity(
  runner: Runner,
  { data, hashFile, hashOffset }: VerityPlace,
  rootHash: string,
): Promise<void> {
  const args = ['verify', data, hashFile, rootHash, `--hash-offset=${hashOffset}`];
  const { exitCode, stdout, stderr } = await runner.run(VERITYSETUP, args, { acceptExit: () => true });
  if (exitCode === 0) return;
  throw new FactoryError('FILESYSTEM_CORRUPT', 'the filesystem does not fit its root hash', {
    details: `${stdout}${stderr}`.split('\n').filter(Boolean),
    remedy: 'Look at "dmesg" for errors of the disk, and make it again.',
  });
}
