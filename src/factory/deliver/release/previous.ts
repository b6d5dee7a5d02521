import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { RELEASE_FILE } from './file-names.ts';
import { parseRelease } from './read-release.ts';
import type { Release, ReleaseTarget } from './schema.ts';
import { type ReleasedPackage, spdxPackages } from './spdx-packages.ts';

/** An earlier release for comparison. */
export interface PreviousRelease {
  readonly release: Release;
  /** Packages by target name. Targets without an SPDX document are absent. */
  readonly packages: ReadonlyMap<string, readonly ReleasedPackage[]>;
}

/** Reads a text file of a release by its name. @throws FactoryError when the file cannot be read */
export type ReadText = (name: string) => Promise<string>;

/**
 * Reads the parts of a release that a changelog needs: `release.json` and the SPDX documents that it names.
 * @param place the folder, URL or reference of the release, for messages
 * @throws FactoryError `verification` for an invalid `release.json`, and for an SPDX document that does not match its
 *   checksum; as documented at `read`
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
      throw new FactoryError('DIGEST_MISMATCH', `${place}: ${file.name} does not match its checksum`, {
        details: [`expected sha256 ${file.sha256}`, `found    sha256 ${found}`],
        remedy: 'Compare with an undamaged release.',
      });
    }
    packages.set(target.name, spdxPackages(text, `${place}: ${file.name}`));
  }
  return { release, packages };
}

/** Reads files from a folder. */
export function folderReader(folder: string): ReadText {
  return (name) =>
    readFile(join(folder, name), 'utf8').catch((error: unknown) => {
      throw new FactoryError('BUILD_OUTPUT_INVALID', `${folder} is not a release: ${messageOf(error)}`, {
        remedy: 'Name the folder, URL or registry reference of a finished release with --previous.',
      });
    });
}

/**
 * Finds the target of an earlier release to compare a target with. Of the targets with the same flavor, variant, arch and
 * model, it is the one with the same name, or else the only one.
 */
export function predecessor(target: ReleaseTarget, { targets }: Release): ReleaseTarget | undefined {
  const keys = ['flavor', 'variant', 'arch', 'model'] as const;
  const alike = targets.filter((other) => keys.every((key) => other[key] === target[key]));
  return alike.find(({ name }) => name === target.name) ?? (alike.length === 1 ? alike[0] : undefined);
}
