import { readdir, readFile, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { type ImageIdentity, identityFrom } from '../../../common/contract/kairos-release.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import type { Manifest } from '../../pipeline/write-output-manifest.ts';
import { bundleName, SUMS } from '../../signing/output-files.ts';
import { type Checksum, parseChecksums } from './checksums.ts';
import { describeFile, isListed } from './file-names.ts';
import type { PushedImage } from './ports.ts';
import type { ReleaseFile, ReleaseTarget } from './schema.ts';
import { type ReleasedPackage, spdxPackages } from './spdx-packages.ts';

/** A file that a release takes from a build. */
export interface SourceFile extends Checksum {
  /** Where the build left it. */
  readonly source: string;
  /** In bytes. */
  readonly size: number;
}

/** What a finished target brings into a release. */
export interface CollectedTarget {
  readonly target: ReleaseTarget;
  /** What its files begin with. */
  readonly stem: string;
  /** Of the OS, with its leading v. */
  readonly version: string;
  readonly sources: readonly SourceFile[];
  /** Its packages; `undefined` when the build wrote no SPDX document. */
  readonly packages: readonly ReleasedPackage[] | undefined;
}

/** A finished target. */
export interface FinishedTarget {
  readonly name: string;
  /** The directory that its build wrote to. */
  readonly output: string;
  readonly manifest: Manifest;
  readonly pushed?: PushedImage | undefined;
}

/**
 * Reads what a build left: the files of its `SHA256SUMS`, and all of an image layout.
 * @param withSignatures whether the release's files are going to be signed
 * @throws FactoryError `verification` when something is not there that the build says it made
 */
export async function collectTarget(
  { name, output, manifest, pushed }: FinishedTarget,
  withSignatures: boolean,
): Promise<CollectedTarget> {
  const identity = identityFrom(new Map(Object.entries(manifest.release)));
  const sources = await collectSources(output);
  const files = sources.map(({ file, sha256, size }): ReleaseFile => {
    const described = describeFile(file);
    const signature = withSignatures && isListed(described.role) ? { signature: bundleName(file) } : {};
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

/** The files of a build with their sizes, sorted by name. */
async function collectSources(output: string): Promise<SourceFile[]> {
  const place = join(output, SUMS);
  const listed = parseChecksums(await readFile(place, 'utf8').catch(gone(place)), place);
  const files: SourceFile[] = [];
  for (const sum of listed) {
    // What tells of one build tells nothing of the release, and is called alike in all of them.
    if (sum.file === MANIFEST_FILE) continue;
    files.push(await sourceFile(output, sum));
    if (!sum.file.endsWith('.oci/index.json')) continue;
    for (const other of await layoutContent(output, sum.file)) files.push(await sourceFile(output, other));
  }
  return files.sort((a, b) => (a.file < b.file ? -1 : 1));
}

async function sourceFile(output: string, sum: Checksum): Promise<SourceFile> {
  const source = join(output, sum.file);
  const stats = await stat(source).catch(gone(source));
  if (!stats.isFile()) throw missing(source, 'it is no file');
  return { ...sum, source, size: stats.size };
}

/** All of an image layout but its index: blobs are called by their digest (OCI image-spec, "Image Layout"). */
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

/** The digest of the only image of the target's layout, if there is one. */
async function layoutDigest(sources: readonly SourceFile[]): Promise<string | undefined> {
  const index = sources.find(({ file }) => file.endsWith('.oci/index.json'));
  if (index === undefined) return undefined;
  const { manifests } = JSON.parse(await readFile(index.source, 'utf8')) as {
    manifests: { digest: string }[];
  };
  return manifests[0]?.digest;
}

function gone(place: string) {
  return (error: unknown): never => {
    throw missing(place, messageOf(error));
  };
}

function missing(place: string, reason: string): FactoryError {
  return new FactoryError('RELEASE_INVALID', `${place} should be there, as the build made it: ${reason}`, {
    remedy: 'Run the same command again: what is missing is made again.',
  });
}
