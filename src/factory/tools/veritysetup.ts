import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const VERITYSETUP: HostTool = {
  name: 'veritysetup',
  package: 'cryptsetup-bin',
  purpose: 'makes the hash tree of an extension',
  version: {
    args: ['--version'],
    pattern: /veritysetup (\d+(?:\.\d+)*)/,
    // 2.3 is Debian bullseye's.
    range: '>=2.3.0',
    reason: 'older versions are untested',
  },
};

/** Bytes of a data block and of a hash block; the kernel accepts at most a page. */
export const VERITY_BLOCK = 4096;
/** sha256 hashes per block. */
const FANOUT = VERITY_BLOCK / 32;

/** Where a filesystem and its hash tree are. */
export interface VerityPlace {
  /** A file with the filesystem only, in whole blocks. */
  readonly data: string;
  readonly hashFile: string;
  /** Byte offset of the superblock in `hashFile`, in whole blocks. */
  readonly hashOffset: number;
}

/**
 * Size of the superblock and the hash tree of a filesystem, in bytes (kernel documentation, "dm-verity", "Hash Tree").
 * @param size bytes of the filesystem, in whole blocks
 */
export function verityTreeSize(size: number): number {
  let blocks = 1;
  for (let level = size / VERITY_BLOCK; level > 1; blocks += level) level = Math.ceil(level / FANOUT);
  return blocks * VERITY_BLOCK;
}

/**
 * Writes the superblock and the hash tree of a filesystem into a file, without a loop device and without privileges.
 * @param options.salt bytes in hex
 * @returns the root hash in hex
 * @throws FactoryError `step` when veritysetup fails or does not print the root hash
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
  throw new FactoryError('TOOL_FAILED', 'veritysetup did not print the root hash', {
    details: stdout.split('\n'),
  });
}

/** Checks a filesystem against its root hash. @throws FactoryError `verification` when data or hash tree do not match it */
export async function verifyVerity(
  runner: Runner,
  { data, hashFile, hashOffset }: VerityPlace,
  rootHash: string,
): Promise<void> {
  const args = ['verify', data, hashFile, rootHash, `--hash-offset=${hashOffset}`];
  const { exitCode, stdout, stderr } = await runner.run(VERITYSETUP, args, { acceptExit: () => true });
  if (exitCode === 0) return;
  throw new FactoryError('FILESYSTEM_CORRUPT', 'the filesystem does not match its root hash', {
    details: `${stdout}${stderr}`.split('\n').filter(Boolean),
    remedy: 'Check "dmesg" for disk errors, and create the filesystem again.',
  });
}
