import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** Bytes of a filesystem that a response may not take: a node without any room cannot even write its logs. */
const RESERVE = 32 * 1024 * 1024;

/**
 * Yields the body of a response that is written to a file. A server that sends more than the filesystem holds is stopped before
 * it is full, and one that announces so before it sends anything.
 * @throws FactoryError `step` when the response does not fit
 */
export async function* responseWithinRoom(
  host: Host,
  file: string,
  response: Response,
): AsyncGenerator<Uint8Array> {
  const { bavail, bsize } = await statfs(host.resolve(dirname(file)));
  const room = Math.max(0, bavail * bsize - RESERVE);
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > room) {
    await response.body?.cancel();
    throw tooLarge(file, room);
  }
  let left = room;
  for await (const chunk of response.body ?? []) {
    left -= chunk.byteLength;
    if (left < 0) throw tooLarge(file, room);
    yield chunk;
  }
}

function tooLarge(file: string, room: number): FactoryError {
  const where = dirname(file);
  return new FactoryError(
    'DISK_FULL',
    `the download is larger than the ${room} bytes that ${where} has room for`,
    {
      remedy: 'Check the URL; if the file is that large, choose a directory on a larger filesystem.',
    },
  );
}
