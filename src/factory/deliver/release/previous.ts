import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { RELEASE_FILE } from './file-names.ts';
import { parseRelease } from './read-release.ts';
import type { Release, ReleaseTarget } from './schema.ts';
import { type ReleasedPackage, spdxPackages } from './spdx-packages.ts';

/** A release to compare with. */
export interface PreviousRelease {
  readonly release: Release;
  /** Packages by the name of the target; a target without an SPDX document is not in it. */
  readonly packages: ReadonlyMap<string, readonly ReleasedPackage[]>;
}

/** Gets a text file of a release by its name. @throws FactoryError when it cannot be had */
export type ReadText = (name: string) => Promise<string>;

/**
 * Reads a release as far as a changelog needs it: `release.json`, and the SPDX documents that it names.
 * @param place names the release in messages
 * @throws FactoryError `verification` when something is not what its checksum says
 */
export async function readPrevious(place: string, read: ReadText): Promise<PreviousRelease> {
  const release = parseRelease(await read(RELEASE_FILE), `${place}: ${RELEASE_FILE}`);
  const packages = new Map<string, readonly ReleasedPackage[]>();
  for (const target of release.targets) {
    const file = target.files.find(({ name }) => name.endsWith('.spdx.json'));
    if (file === undefined) continue;
    const text = await read(file.name);
    const found = createHash('sha256').update(text).digest('hex');
    if (found !== file.sha256) {
      throw new FactoryError('DIGEST_MISMATCH', `${place}: ${file.name} is not what its checksum says`, {
        details: [`expected sha256 ${file.sha256}`, `found    sha256 ${found}`],
        remedy: 'Compare with a release that is whole.',
      });
    }
    packages.set(target.name, spdxPackages(text, `${place}: ${file.name}`));
  }
  return { release, packages };
}

/** Reads from a folder. */
export function folderReader(folder: string): ReadText {
  return (name) =>
    readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      throw new FactoryError(
        'BUILD_OUTPUT_INVALID',
        `${folder} is no release to compare with: ${messageOf(error)}`,
        {
          remedy: 'Give the folder, the address or the reference of a finished release with --previous.',
        },
      );
    });
}

/**
 * The target of an earlier release that a target goes on from: the one of its name, else the only one of its flavor,
 * variant, arch and model.
 */
export function predecessor(target: ReleaseTarget, { targets }: Release): ReleaseTarget | undefined {
  const keys = ['flavor', 'variant', 'arch', 'model'] as const;
  const alike = targets.filter((other) => keys.every((key) => other[key] === target[key]));
  return alike.find(({ name }) => name === target.name) ?? (alike.length === 1 ? alike[0] : undefined);
}
