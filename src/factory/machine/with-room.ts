import { statfsSync } from 'node:fs';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { formatSize } from '../../common/text/size-text.ts';

/**
 * Adds to the error of a full disk how much is free where a build writes: the system does not say which filesystem is full. What
 * the failed step has written may be gone by now.
 * @param places directories; one that does not exist is left out
 * @returns other errors unchanged
 */
export function withRoom(error: unknown, places: readonly string[]): unknown {
  if (!(error instanceof FactoryError) || error.code !== 'DISK_FULL') return error;
  const { message, details, remedy, cause } = error;
  return new FactoryError('DISK_FULL', message, {
    details: [...details, ...[...new Set(places)].flatMap(freeIn)],
    ...(remedy === undefined ? {} : { remedy }),
    cause,
  });
}

function freeIn(place: string): string[] {
  try {
    const { bavail, bsize } = statfsSync(place);
    return [`${formatSize(bavail * bsize)} free in ${place}`];
  } catch {
    return [];
  }
}
