import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { diskFormat } from '../boot/machine.ts';
import { A_BOOTABLE, BOOTABLE_KINDS, isBootable } from '../config/bootable.ts';
import type { Resource } from '../inspect/provenance/statement.ts';
import { layoutSubject } from '../signing/layout-subject.ts';
import { layoutOf, readSums } from '../signing/output-files.ts';

/** A file that boots. */
export interface ProofArtifact {
  /** Absolute path. */
  readonly file: string;
  /** The sha256 that it must have, in hex. */
  readonly sha256?: string;
}

/** What a proof boots, and what else it is about. */
export interface ProofSubjects {
  readonly artifacts: readonly ProofArtifact[];
  /** The images that the artifacts were made from. */
  readonly images: readonly Resource[];
}

/**
 * The subjects of a proof: a file, or the bootable files that `SHA256SUMS` of a build output lists, and the image of that build.
 * @throws FactoryError `usage` when there is nothing to boot
 */
export async function proofSubjects(path: string): Promise<ProofSubjects> {
  const place = resolve(path);
  const stats = await stat(place).catch(() => undefined);
  if (stats?.isFile()) {
    diskFormat(place);
    return { artifacts: [{ file: place }], images: [] };
  }
  if (!stats?.isDirectory()) {
    throw new FactoryError('FILE_NOT_FOUND', `${path} does not exist`, {
      remedy: `Give ${A_BOOTABLE} file, or the output directory of a build.`,
    });
  }
  const listed = (await readSums(place)) ?? [];
  const found = listed.filter(({ name }) => isBootable(name));
  const layouts = listed.filter(({ name }) => layoutOf(name) !== undefined);
  if (found.length > 0) {
    return {
      artifacts: found.map(({ name, sha256 }) => ({ file: join(place, name), sha256 })),
      images: await Promise.all(layouts.map(({ name }) => layoutSubject(join(place, name)))),
    };
  }
  throw new FactoryError('BUILD_OUTPUT_INVALID', `${path} has no artifact that boots`, {
    remedy: `Build again with one of ${BOOTABLE_KINDS.join(', ')} among the artifacts.`,
  });
}

/** The name of an artifact on a firmware, for people and in the names of evidence. */
export function machineName(artifact: string, firmware: string): string {
  return `${basename(artifact)} on ${firmware}`;
}
