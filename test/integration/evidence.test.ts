import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DocumentKind } from '../../src/factory/pipeline/steps/document.ts';
import { PROJECT, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { spdxComplaints } from '../support/spdx.ts';
import { tool } from '../support/tool.ts';

// SBOM and provenance of the build that the tests share.
let build: TestBuild;
let scratch: string;
beforeAll(async () => {
  build = await testBuild();
  scratch = await mkdtemp(join(TEST_HOME, 'evidence-'));
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

const document = (kind: DocumentKind) => {
  const entry = build.report.manifest.documents.find((candidate) => candidate.kind === kind);
  return join(build.output, entry?.file ?? 'missing');
};
const read = async <T>(file: string): Promise<T> => JSON.parse(await readFile(file, 'utf8')) as T;

interface Spdx {
  packages: {
    SPDXID: string;
    name: string;
    versionInfo: string;
    licenseDeclared: string;
    externalRefs?: { referenceLocator: string }[];
  }[];
}

describe('SBOM', () => {
  test('lists exactly the packages that dpkg-query lists', async () => {
    const admin = join(scratch, 'admin');
    await tool('unsquashfs', '-q', '-n', '-d', admin, build.artifact('squashfs'), 'var/lib/dpkg');
    const format = '$' + '{Package} $' + '{Version}\n';
    const told = await tool('dpkg-query', '--admindir', join(admin, 'var/lib/dpkg'), '-W', '-f', format);
    const { packages } = await read<Spdx>(document('spdx'));
    const ours = packages.filter(({ SPDXID }) => SPDXID.startsWith('SPDXRef-deb-'));
    expect(ours.map(({ name, versionInfo }) => `${name} ${versionInfo}`).sort()).toEqual(
      told.trim().split('\n').sort(),
    );
    // Machine-readable licence statements of Debian are parsed: nearly all of them.
    const unknown = ours.filter(({ licenseDeclared }) => licenseDeclared === 'NOASSERTION');
    expect(unknown.length).toBeLessThan(ours.length / 50);
    for (const { externalRefs, name } of ours)
      expect(externalRefs?.[0]?.referenceLocator, name).toMatch(/^pkg:deb\/debian\/.+distro=debian-12/);
  });

  test('lists the framework, and the agent with its compiled-in libraries', async () => {
    const { packages } = await read<Spdx>(document('spdx'));
    const names = packages.map(({ name }) => name);
    for (const name of [
      'kairos-factory-framework',
      'kairos-factory-initramfs',
      'kairos-agent',
      'bun',
      'yaml',
      'zod',
    ])
      expect(names).toContain(name);
  });

  test('passes the validators of both standards, which can also fail', async () => {
    expect(await spdxComplaints(document('spdx'))).toBe('');
    const broken = join(scratch, 'broken.spdx.json');
    await writeFile(broken, (await readFile(document('spdx'), 'utf8')).replace('SPDXRef-OS', 'SPDXRef_OS'));
    expect(await spdxComplaints(broken)).not.toBe('');
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
    expect(await validator.validate(await readFile(document('cyclonedx'), 'utf8'))).toBeNull();
  });
});

describe('provenance', () => {
  interface Provenance {
    subject: { name: string; digest: { sha256: string } }[];
    predicate: { buildDefinition: { resolvedDependencies: { name: string; digest: { sha256: string } }[] } };
  }

  test('lists every artifact by its digest, and the image by its digest in a registry', async () => {
    const { subject } = await read<Provenance>(document('provenance'));
    const { artifacts } = build.report.manifest;
    const { manifests } = await read<{ manifests: { digest: string }[] }>(
      join(build.artifact('oci'), 'index.json'),
    );
    const expected = artifacts.map(({ kind, file, sha256 }) =>
      kind === 'oci' ? [dirname(file), manifests[0]?.digest.slice('sha256:'.length)] : [file, sha256],
    );
    expect(subject.map(({ name, digest }) => [name, digest.sha256])).toEqual(expected.sort());
  });

  test('lists all inputs by digest, and nothing of this machine', async () => {
    const text = await readFile(document('provenance'), 'utf8');
    const { predicate } = JSON.parse(text) as Provenance;
    const found = predicate.buildDefinition.resolvedDependencies;
    for (const { name, digest } of found) expect(digest.sha256, name).toMatch(/^[0-9a-f]{64}$/);
    const wanted = ['agent', 'flavor', 'model', 'overlay-rootfs', 'package archive'];
    expect(found.map(({ name }) => name)).toEqual(expect.arrayContaining(wanted));
    expect(text).not.toContain(PROJECT.replace(/\/$/, ''));
  });
});
