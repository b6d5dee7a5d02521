import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { diskFormat, isBootable } from '../boot/machine.ts';
import { readSums } from '../signing/output-files.ts';

/**
 * The artifacts to prove: a file, or the bootable files that `SHA256SUMS` of a build output lists.
 * @returns absolute paths
 * @throws FactoryError `usage` when there is nothing to boot
 */
export async function proofSubjects(path: string): Promise<string[]> {
  const place = resolve(path);
  const stats = await stat(place).catch(() => undefined);
  if (stats?.isFile()) {
    diskFormat(place);
    return [place];
  }
  if (!stats?.isDirectory()) {
    throw new FactoryError('FILE_NOT_FOUND', `${path} does not exist`, {
      remedy: 'Give an ISO, raw or qcow2 file, or the output directory of a build.',
    });
  }
  const listed = (await readSums(place)) ?? [];
  const found = listed.map(({ name }) => name).filter(isBootable);
  if (found.length > 0) return found.map((name) => join(place, name));
  throw new FactoryError('BUILD_OUTPUT_INVALID', `${path} has no artifact that boots`, {
    remedy: 'Build again with iso, raw or qcow2 among the artifacts.',
  });
}

/** The name of an artifact on a firmware, for people and in the names of evidence. */
export function machineName(artifact: string, firmware: string): string {
  return `${basename(artifact)} on ${firmware}`;
}
