import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { type ImageIdentity, identityFrom } from '../../../common/contract/kairos-release.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import type { Manifest } from '../../pipeline/write-output-manifest.ts';
import { layoutSubject } from '../../signing/layout-subject.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { type Checksum, parseChecksums } from './checksums.ts';
import { describeFile, isListed } from './file-names.ts';
import type { PushedImage } from './ports.ts';
import type { ReleaseFile, ReleaseTarget } from './schema.ts';
import { type ReleasedPackage, spdxPackages } from './spdx-packages.ts';

/** A file of a build that becomes part of a release. */
export interface SourceFile extends Checksum {
  /** Path of the file in the output directory of the build. */
  readonly source: string;
  /** Size in bytes. */
  readonly size: number;
}

/** The contribution of a finished target to a release. */
export interface CollectedTarget {
  readonly target: ReleaseTarget;
  /** The common prefix of its file names. */
  readonly stem: string;
  /** Version of the OS, with the leading v. */
  readonly version: string;
  readonly sources: readonly SourceFile[];
  /** The packages of the image; `undefined` when the build wrote no SPDX document. */
  readonly packages: readonly ReleasedPackage[] | undefined;
}

/** A target that was built. */
export interface FinishedTarget {
  readonly name: string;
  /** The output directory of the build. */
  readonly output: string;
  readonly manifest: Manifest;
  readonly pushed?: PushedImage | undefined;
  /** The kinds of artifacts that were asked for; all that were made when absent. */
  readonly artifacts?: readonly ArtifactKind[] | undefined;
}

/** Options of {@link collectTarget}. */
export interface CollectOptions {
  /** Whether the files of the release will be signed. */
  readonly isSigned: boolean;
}

/**
 * Collects the output of a build: the files that its `SHA256SUMS` lists, and all files of an image layout.
 * @throws FactoryError `verification` when a listed file does not exist
 */
export async function collectTarget(
  { name, output, manifest, pushed, artifacts }: FinishedTarget,
  { isSigned }: CollectOptions,
): Promise<CollectedTarget> {
  const identity = identityFrom(new Map(Object.entries(manifest.release)));
  const sources = await collectSources(output, unwanted(manifest, artifacts));
  const files = sources.map(({ file, sha256, size }): ReleaseFile => {
    const described = describeFile(file);
    const signature = isSigned && isListed(described.role) ? { signature: bundleName(file) } : {};
    return { name: file, ...described, size, sha256, ...signature };
  });
  const named = (role: string) => files.filter((file) => file.role === role).map((file) => file.name);
  const provenance = named('provenance')[0];
  const spdx = sources.find(({ file }) => file.endsWith('.spdx.json'));
  const digest = pushed?.digest ?? (await layoutDigest(sources));
  const target: ReleaseTarget = {
    name,
    ...described(identity),
    ...(manifest.kernel === undefined ? {} : { kernel: manifest.kernel }),
    epoch: manifest.sourceDateEpoch,
    ...(digest === undefined ? {} : { image: { digest, ...placeOf(pushed) } }),
    files,
    sbom: named('sbom'),
    ...(provenance === undefined ? {} : { provenance }),
  };
  return {
    target,
    stem: artifactBaseName(identity),
    version: identity.version,
    sources,
    packages: spdx && spdxPackages(await readFile(spdx.source, 'utf8'), spdx.file),
  };
}

function described({ flavor, flavorRelease, family, arch, variant, model, software }: ImageIdentity) {
  const kubernetes = software && { distribution: software.prefix, version: software.version };
  return { flavor, flavorRelease, family, arch, variant, model, ...(kubernetes ? { kubernetes } : {}) };
}

function placeOf(pushed: PushedImage | undefined): { reference?: string; tags?: string[] } {
  return pushed === undefined ? {} : { reference: pushed.reference, tags: [...pushed.tags] };
}

const MANIFEST_FILE = 'manifest.json';

/** Artifacts that were made only because another one is made from them. */
function unwanted({ artifacts: made }: Manifest, wanted: FinishedTarget['artifacts']): Set<string> {
  return new Set(
    made.filter(({ kind }) => wanted !== undefined && !wanted.includes(kind)).map(({ file }) => file),
  );
}

/** The files of a build but those that are left out, sorted by name. */
async function collectSources(output: string, left: ReadonlySet<string>): Promise<SourceFile[]> {
  const place = join(output, SUMS);
  const listed = parseChecksums(await readFile(place, 'utf8').catch(gone(place)), place);
  const files: SourceFile[] = [];
  for (const sum of listed) {
    // The manifest describes a single build, and has the same name in every output directory.
    if (sum.file === MANIFEST_FILE || left.has(sum.file)) continue;
    files.push(await sourceFile(output, sum));
    if (!sum.file.endsWith('.oci/index.json')) continue;
    for (const other of await layoutContent(output, sum.file)) files.push(await sourceFile(output, other));
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function sourceFile(output: string, sum: Checksum): Promise<SourceFile> {
  const source = join(output, sum.file);
  const stats = await stat(source).catch(gone(source));
  if (!stats.isFile()) throw missing(source, 'it is not a file');
  return { ...sum, source, size: stats.size };
}

/** The files of an image layout except its index. Blobs are named by their digest (OCI image-spec, "Image Layout"). */
async function layoutContent(output: string, index: string): Promise<Checksum[]> {
  const directory = join(output, index, '..');
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const others = files.filter((file) => file !== join(output, index));
  return Promise.all(
    others.map(async (file) => {
      const blob = /\/blobs\/sha256\/([0-9a-f]{64})$/.exec(file)?.[1];
      return { file: relative(output, file), sha256: blob ?? (await hashFile(file)) };
    }),
  );
}

/** The digest of the image in the target's layout, if the target has a layout. */
async function layoutDigest(sources: readonly SourceFile[]): Promise<string | undefined> {
  const index = sources.find(({ file }) => file.endsWith('.oci/index.json'));
  if (index === undefined) return undefined;
  const { sha256 } = (await layoutSubject(index.source)).digest;
  return sha256 === '' ? undefined : `sha256:${sha256}`;
}

function gone(place: string) {
  return (error: unknown): never => {
    throw missing(place, messageOf(error));
  };
}

function missing(place: string, reason: string): FactoryError {
  return new FactoryError('RELEASE_INVALID', `${place} is missing from the output of the build: ${reason}`, {
    remedy: 'Run the same command again: it rebuilds missing files.',
  });
}
