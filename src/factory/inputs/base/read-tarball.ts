import { createReadStream } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FactoryError, reasonOf } from '../../../common/errors/factory-error.ts';
import { decompress, XZ, ZSTD } from '../../tools/compressors.ts';
import type { Runner } from '../../tools/runner.ts';

/**
 * Reads a tar file, whose compression is recognised by its first bytes rather than its name.
 * @throws FactoryError `usage` when it cannot be read, `step` when it is corrupt
 */
export async function readTarball(runner: Runner, file: string, output: Writable): Promise<void> {
  const magic = await firstBytes(file);
  const input = createReadStream(file, { highWaterMark: 1024 * 1024 });
  if (magic.startsWith('\x1f\x8b')) await pipeline(input, createGunzip(), output).catch(corrupt(file));
  else if (magic.startsWith('\xfd7zXZ')) await decompress(runner, XZ, { input, output });
  else if (magic.startsWith('\x28\xb5\x2f\xfd')) await decompress(runner, ZSTD, { input, output });
  else await pipeline(input, output);
}

async function firstBytes(file: string): Promise<string> {
  const stream: Readable = createReadStream(file, { end: 5 });
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk as Buffer);
  } catch (error) {
    return unreadable(file)(error);
  }
  return Buffer.concat(chunks).toString('latin1');
}

/** Returns a function that throws the error for a base that cannot be read. */
export function unreadable(path: string): (error: unknown) => never {
  return (error) => {
    throw new FactoryError('IMAGE_UNREADABLE', `cannot read the base ${path}: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  };
}

function corrupt(file: string): (error: unknown) => never {
  return (error) => {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!code.startsWith('Z_')) throw error;
    throw new FactoryError('ARCHIVE_CORRUPT', `${file}: cannot be decompressed: ${reasonOf(error)}`, {
      remedy: 'The file is corrupt or truncated; fetch or create it again.',
      cause: error,
    });
  };
}
