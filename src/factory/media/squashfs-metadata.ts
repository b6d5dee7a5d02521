import type { ByteView } from './byte-view.ts';
import { corruptArtifact } from './corrupt-artifact.ts';
import type { Decompress } from './squashfs-compression.ts';

/** Reads the blocks of metadata of a squashfs, which follow each other and are compressed one by one. */
export interface MetadataReader {
  /**
   * @param start position of a block in the squashfs
   * @param offset position in the unpacked block; the content may go on in the blocks behind it
   */
  read(start: number, offset: number, length: number): Promise<Buffer>;
}

interface Block {
  readonly content: Buffer;
  readonly next: number;
}

/** Most bytes of an unpacked block. */
const METADATA_SIZE = 8192;
const UNCOMPRESSED = 0x8000;
/** Blocks to keep: 32 MiB. */
const KEPT = 4096;

/** Creates the reader. It throws FactoryError `verification` for blocks that are broken. */
export function metadataReader(view: ByteView, decompress: Decompress): MetadataReader {
  const blocks = new Map<number, Promise<Block>>();
  const load = async (start: number): Promise<Block> => {
    const header = (await view.read(start, 2)).readUInt16LE(0);
    const size = header & (UNCOMPRESSED - 1);
    if (size > METADATA_SIZE || size === 0) throw corruptArtifact(view.name, 'a block of metadata is broken');
    const bytes = await view.read(start + 2, size);
    const content =
      header & UNCOMPRESSED ? bytes : await unpack(view, () => decompress(bytes, METADATA_SIZE));
    return { content, next: start + 2 + size };
  };
  const block = (start: number): Promise<Block> => {
    const known = blocks.get(start) ?? load(start);
    if (blocks.size >= KEPT) blocks.clear();
    blocks.set(start, known);
    return known;
  };
  return {
    read: async (start, offset, length) => {
      const parts: Buffer[] = [];
      let { content, next } = await block(start);
      let from = offset;
      for (let missing = length; ; ) {
        const part = content.subarray(from, from + missing);
        parts.push(part);
        missing -= part.length;
        if (missing <= 0) return parts.length === 1 ? part : Buffer.concat(parts);
        if (part.length === 0 && from < METADATA_SIZE && content.length < METADATA_SIZE)
          throw corruptArtifact(view.name, 'its metadata is cut short');
        ({ content, next } = await block(next));
        from = 0;
      }
    },
  };
}

/** Turns the error of a decompression into one about the file. */
export async function unpack<T>(view: ByteView, decompress: () => Promise<T>): Promise<T> {
  try {
    return await decompress();
  } catch (error) {
    if ((error as { code?: string }).code === 'ARTIFACT_UNREADABLE') throw error;
    throw corruptArtifact(view.name, 'a block cannot be decompressed');
  }
}
