import { promisify } from 'node:util';
import { inflate, zstdDecompress } from 'node:zlib';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** Decompresses a block to at most `limit` bytes. */
export type Decompress = (bytes: Buffer, limit: number) => Promise<Buffer>;

/** Compressions by their number in the super block (squashfs-tools, squashfs_fs.h). */
const NAMES: Readonly<Record<number, string>> = {
  1: 'gzip',
  2: 'lzma',
  3: 'lzo',
  4: 'xz',
  5: 'lz4',
  6: 'zstd',
};

const inflateBlock = promisify<Buffer, { maxOutputLength: number }, Buffer>(inflate);
const zstdBlock = promisify<Buffer, { maxOutputLength: number }, Buffer>(zstdDecompress);

/** The decompression of a squashfs. @param id number in the super block @returns a function that throws for others */
export function decompressorOf(
  id: number,
  file: string,
): { readonly name: string; readonly decompress: Decompress } {
  const name = NAMES[id] ?? `compression ${id}`;
  const decoders: Readonly<Record<string, typeof inflateBlock>> = { gzip: inflateBlock, zstd: zstdBlock };
  const decoder = decoders[name];
  return {
    name,
    decompress: async (bytes, limit) => {
      if (decoder !== undefined) return decoder(bytes, { maxOutputLength: limit });
      throw new FactoryError('ARTIFACT_UNREADABLE', `${file} is compressed with ${name}`, {
        remedy: 'Unpack it with unsquashfs, and give the directory.',
      });
    },
  };
}
