import { createHash } from 'node:crypto';
import type { CollectedTarget } from '../../../../../../src/factory/deliver/release/collect-target.ts';
import { describeFile } from '../../../../../../src/factory/deliver/release/file-names.ts';
import { packageChanges } from '../../../../../../src/factory/deliver/release/package-changes.ts';
import type { PreviousRelease } from '../../../../../../src/factory/deliver/release/previous.ts';
import type { ReleaseTarget } from '../../../../../../src/factory/deliver/release/schema.ts';
import type { ReleasedPackage } from '../../../../../../src/factory/deliver/release/spdx-packages.ts';
import { bundleName } from '../../../../../../src/factory/signing/output-files.ts';

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Unix timestamp of the samples. */
export const EPOCH = 1_760_000_000;

/** A Debian package. */
export function deb(name: string, version: string, arch = 'amd64'): ReleasedPackage {
  return { type: 'deb', name, version, arch };
}

const ENDINGS = ['.iso', '.oci/index.json', '.oci/blobs/sha256/', '.qcow2', '.raw', '.squashfs'];
const DOCUMENTS = ['.cdx.json', '.provenance.json', '.spdx.json'];

/** A collected target, without any files on disk. */
export function sampleTarget(
  name: string,
  options: {
    readonly arch?: string;
    readonly version?: string;
    readonly software?: { readonly distribution: string; readonly version: string };
    readonly packages?: readonly ReleasedPackage[];
    readonly endings?: readonly string[];
    readonly isSigned?: boolean;
  } = {},
): CollectedTarget {
  const { arch = 'amd64', version = 'v1.2.3', software, packages = [deb('bash', '5.2-1')] } = options;
  const suffix = software ? `-${software.distribution}${software.version}` : '';
  const stem = `kairos-debian-12-${software ? 'standard' : 'core'}-${arch}-generic-${version}${suffix}`;
  const endings = options.endings ?? [...ENDINGS, ...DOCUMENTS];
  const files = endings.map((ending, index) => {
    const isBlob = ending.endsWith('/');
    const hash = sha256(`${stem}${ending}`);
    const file = `${stem}${ending}${isBlob ? hash : ''}`;
    const signature = options.isSigned && !isBlob ? { signature: bundleName(file) } : {};
    return { name: file, ...describeFile(file), size: 73 * 977 ** (index % 3), sha256: hash, ...signature };
  });
  const target: ReleaseTarget = {
    name,
    flavor: 'debian',
    flavorRelease: '12',
    family: 'debian',
    arch,
    variant: software ? 'standard' : 'core',
    model: 'generic',
    ...(software ? { kubernetes: software } : {}),
    kernel: `6.1.0-40-${arch}`,
    epoch: EPOCH,
    image: { digest: `sha256:${sha256(stem)}` },
    files,
    sbom: files.filter(({ role }) => role === 'sbom').map((file) => file.name),
  };
  const sources = files.map((file) => ({
    file: file.name,
    sha256: file.sha256,
    size: file.size,
    source: `/nowhere/${file.name}`,
  }));
  return { target, stem, version, sources, packages };
}

/** The previous release with these targets. */
export function samplePrevious(...targets: readonly CollectedTarget[]): PreviousRelease {
  const release = {
    schema: 1 as const,
    version: targets[0]?.version ?? 'v0.0.0',
    date: '2025-01-02T03:04:05Z',
    epoch: 1_735_787_045,
    tool: 'kairos-factory v0.0.1',
    targets: targets.map(({ target }) => target),
    files: [],
  };
  const packages = targets.flatMap(({ target, packages: all }) => (all ? [[target.name, all] as const] : []));
  return { release, packages: new Map(packages) };
}

/** Package changes of all four kinds. */
export const CHANGES = packageChanges(
  [deb('bash', '5.2-1'), deb('curl', '8.1-1'), deb('gone', '1')],
  [deb('bash', '5.2-2'), deb('curl', '8.0-9'), deb('new', '1:1.0~rc1')],
);
