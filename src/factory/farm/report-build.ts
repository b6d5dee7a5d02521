import { copyFile, link, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Manifest } from '../pipeline/write-output-manifest.ts';
import { MANIFEST } from '../signing/output-files.ts';
import type { BuildPlan } from './build-plan.ts';
import { type BuildReport, type ReportedArtifact, writeReport } from './build-report.ts';

/** The suffixes that files of a kind end in; a kind without an entry has its name as one. */
const ENDING: Readonly<Record<string, string>> = { gce: 'gce.tar.gz' };

/**
 * Says what a build has made, for the termination log of a container, and gives its files the names that exporters look for, beside
 * those in `SHA256SUMS`.
 * @param directory the volume of the artifacts: a build output, or one for each target
 * @returns at most 4096 bytes
 */
export async function reportBuild(plan: Pick<BuildPlan, 'names'>, directory: string): Promise<string> {
  const artifacts: ReportedArtifact[] = [];
  const digests: string[] = [];
  for (const output of await outputsOf(directory)) {
    const manifest = JSON.parse(await readFile(join(directory, output, MANIFEST), 'utf8')) as Manifest;
    for (const { kind, file, size, sha256 } of manifest.artifacts) {
      artifacts.push({ kind, file: join(output, file), size, sha256 });
      if (kind === 'oci') digests.push(await digestOf(join(directory, output, file)));
      const name = plan.names[kind];
      const ending = `.${ENDING[kind] ?? kind}`;
      // A kind of several files, such as netboot, keeps their names.
      if (name !== undefined && output === '' && file.endsWith(ending))
        await linkAs(join(directory, file), join(directory, `${name}${ending}`));
    }
  }
  const [digest, ...others] = digests;
  const report: BuildReport = { ...(digest !== undefined && others.length === 0 && { digest }), artifacts };
  return writeReport(report);
}

/** Directories with a manifest, relative to the volume. */
async function outputsOf(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = [
    '',
    ...entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(),
  ];
  const found = await Promise.all(
    names.map(async (name) =>
      (await stat(join(directory, name, MANIFEST)).catch(() => undefined)) ? [name] : [],
    ),
  );
  return found.flat();
}

/** The digest of the image in a layout, which is the one that a registry has it under. */
async function digestOf(index: string): Promise<string> {
  const { manifests } = JSON.parse(await readFile(index, 'utf8')) as {
    readonly manifests: readonly { readonly digest: string }[];
  };
  return manifests[0]?.digest ?? '';
}

/** A second name for a file; a copy where the file system of the volume has no links. */
async function linkAs(file: string, name: string): Promise<void> {
  if (basename(file) === basename(name)) return;
  await rm(name, { force: true });
  await link(file, name).catch(() => copyFile(file, name));
}
