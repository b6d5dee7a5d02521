import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomNumbers } from '../random.ts';
import { tool } from '../tool.ts';
import type { Cut } from './choose-cuts.ts';
import { type ExportedImage, exportImage } from './exported-image.ts';
import type { Entry } from './write-log.ts';

/** Bytes of a piece that a disk writes as a whole or not at all. */
const PIECE = 4096;
const CHUNK = 4 * 1024 * 1024;

/** A disk as it was at any moment of its past. */
export interface Replay extends AsyncDisposable {
  /** The disk after a cut; cuts must come in the order of their indices. */
  readonly after: (cut: Cut) => Promise<ExportedImage>;
}

/** @param mib size of the disk, which was empty at the start of the log */
export async function replayLog(
  directory: string,
  { log, entries, mib }: { readonly log: string; readonly entries: readonly Entry[]; readonly mib: number },
): Promise<Replay> {
  const flushed = join(directory, 'flushed.raw');
  const overlay = join(directory, 'cut.qcow2');
  await tool('truncate', '--size', `${mib}M`, flushed);
  const [source, target] = [await open(log, 'r'), await open(flushed, 'r+')];
  let applied = 0;
  return {
    after: async ({ index, kept, seed }) => {
      const durable = entries.slice(0, index).findLastIndex(({ kind }) => kind === 'flush') + 1;
      for (const entry of entries.slice(applied, durable)) await copy(source, target, entry);
      applied = Math.max(applied, durable);
      await rm(overlay, { force: true });
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', flushed, '-F', 'raw', overlay);
      const image = await exportImage(
        join(directory, 'cut.img'),
        `driver=qcow2,file.driver=file,file.filename=${overlay}`,
      );
      const handle = await open(image.path, 'r+');
      const random = randomNumbers(seed);
      for (const entry of entries.slice(durable, index).flatMap(pieces))
        if (random() < kept) await copy(source, handle, entry);
      await handle.close();
      return image;
    },
    [Symbol.asyncDispose]: async () => {
      await source.close();
      await target.close();
    },
  };
}

type Place = Pick<Extract<Entry, { kind: 'write' }>, 'at' | 'length' | 'source'>;

function pieces(entry: Entry): Place[] {
  if (entry.kind === 'flush') return [];
  const { at, length, source } = entry;
  const found: Place[] = [];
  for (let offset = 0; offset < length; ) {
    const size = Math.min(PIECE - ((at + offset) % PIECE), length - offset);
    found.push({ at: at + offset, length: size, source: source + offset });
    offset += size;
  }
  return found;
}

async function copy(from: FileHandle, to: FileHandle, entry: Entry | Place): Promise<void> {
  if (!('at' in entry)) return;
  const { at, length, source } = entry;
  for (let offset = 0; offset < length; offset += CHUNK) {
    const size = Math.min(CHUNK, length - offset);
    const { buffer } = await from.read(Buffer.allocUnsafe(size), 0, size, source + offset);
    await to.write(buffer, 0, size, at + offset);
  }
}
