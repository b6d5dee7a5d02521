import { Spec, Validation } from '@cyclonedx/cyclonedx-library';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cycloneDxDocument } from '../../../../../src/factory/inspect/sbom/cyclonedx.ts';
import type { Inventory } from '../../../../../src/factory/inspect/sbom/inventory.ts';
import { packageUrl, sourceUrl } from '../../../../../src/factory/inspect/sbom/purl.ts';
import { spdxDocument } from '../../../../../src/factory/inspect/sbom/spdx.ts';

// SPDX's own validator runs on a real document in test/vm/structure.test.ts.
const DEBIAN = { id: 'debian', version: '12', name: 'Debian GNU/Linux' };
const ZLIB = {
  type: 'deb',
  name: 'zlib1g',
  version: '1:1.2.13.dfsg-1',
  arch: 'amd64',
  source: { name: 'zlib', version: '1:1.2.13.dfsg-1' },
  licences: ['Zlib', 'permissive'],
  maintainer: 'Mark Brown <broonie@debian.org>',
  homepage: 'http://zlib.net/',
} as const;
const INVENTORY: Inventory = {
  name: 'kairos-debian-12-core-amd64-generic-v1.2.3',
  version: 'v1.2.3',
  arch: 'amd64',
  epoch: 1_700_000_000,
  distribution: DEBIAN,
  packages: [ZLIB, { ...ZLIB, arch: 'i386' }, { ...ZLIB, name: 'libstdc++6', licences: [] }],
  parts: [
    {
      name: 'kairos-agent',
      version: '0.1.0',
      description: 'the program on the node',
      file: '/usr/bin/kairos-agent',
      sha256: 'ab'.repeat(32),
      licence: 'Apache-2.0',
      parts: [
        {
          name: 'yaml',
          version: '2.9.1',
          description: 'library',
          purl: 'pkg:npm/yaml@2.9.1',
          licence: 'ISC',
        },
        { name: 'yaml', version: '1.0.0', description: 'library', purl: 'pkg:npm/yaml@1.0.0' },
      ],
    },
  ],
};
const TOOL = 'kairos-factory v0.1.0';

interface Spdx {
  readonly packages: { SPDXID: string; name: string; licenseDeclared: string; externalRefs?: object[] }[];
  readonly relationships: object[];
  readonly hasExtractedLicensingInfos: { licenseId: string }[];
  readonly documentNamespace: string;
}

describe('spdxDocument', () => {
  const document = spdxDocument(INVENTORY, TOOL) as Spdx;

  test('lists every package and part, each with its own identifier', () => {
    expect(document.packages.map(({ SPDXID }) => SPDXID)).toEqual([
      'SPDXRef-OS',
      'SPDXRef-deb-zlib1g-amd64',
      'SPDXRef-deb-zlib1g-i386',
      'SPDXRef-deb-libstdc-x2b--x2b-6-amd64',
      'SPDXRef-part-kairos-agent',
      'SPDXRef-part-yaml',
      'SPDXRef-part-yaml.2',
    ]);
    expect(document.relationships).toContainEqual({
      spdxElementId: 'SPDXRef-part-kairos-agent',
      relationshipType: 'CONTAINS',
      relatedSpdxElement: 'SPDXRef-part-yaml.2',
    });
  });

  test('contains version, licence, source and purl of a package', () => {
    expect(document.packages[1]).toMatchObject({
      name: 'zlib1g',
      versionInfo: '1:1.2.13.dfsg-1',
      supplier: 'Organization: Mark Brown (broonie@debian.org)',
      homepage: 'http://zlib.net/',
      sourceInfo: 'built from source package zlib 1:1.2.13.dfsg-1',
      licenseDeclared: 'LicenseRef-permissive AND Zlib',
      externalRefs: [{ referenceLocator: packageUrl(ZLIB, DEBIAN) }],
    });
    expect(document.hasExtractedLicensingInfos.map(({ licenseId }) => licenseId)).toEqual([
      'LicenseRef-permissive',
    ]);
    expect(document.packages[3]).toMatchObject({ licenseDeclared: 'NOASSERTION' });
  });
});

describe('both documents', () => {
  test('depend on the content and not on the time', () => {
    for (const make of [spdxDocument, cycloneDxDocument]) {
      expect(JSON.stringify(make(INVENTORY, TOOL))).toBe(
        JSON.stringify(make(structuredClone(INVENTORY), TOOL)),
      );
      const other = { ...INVENTORY, packages: INVENTORY.packages.slice(1) };
      const identity = (document: object) =>
        'serialNumber' in document ? document.serialNumber : (document as Spdx).documentNamespace;
      expect(identity(make(other, TOOL))).not.toBe(identity(make(INVENTORY, TOOL)));
    }
  });

  test('have the date of the image', () => {
    expect(spdxDocument(INVENTORY, TOOL)).toMatchObject({
      creationInfo: { created: '2023-11-14T22:13:20Z' },
    });
    expect(cycloneDxDocument(INVENTORY, TOOL)).toMatchObject({
      metadata: { timestamp: '2023-11-14T22:13:20Z' },
    });
  });
});

describe('cycloneDxDocument', () => {
  const validate = (document: object) =>
    new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(document));

  test("conforms to CycloneDX's strict schema", async () => {
    expect(await validate(cycloneDxDocument(INVENTORY, TOOL))).toBeNull();
    // Proves that the validator can fail.
    expect(await validate({ ...cycloneDxDocument(INVENTORY, TOOL), serialNumber: 'x' })).not.toBeNull();
  });

  test('conforms to it whatever packages declare', async () => {
    const text = fc.string({ minLength: 1, maxLength: 12 });
    const found = fc.record({
      type: fc.constantFrom('deb' as const, 'rpm' as const, 'apk' as const),
      name: fc.stringMatching(/^[a-z0-9][a-z0-9+.-]{1,12}$/),
      version: fc.stringMatching(/^[0-9][0-9a-zA-Z:~+.^-]{0,12}$/),
      arch: fc.constantFrom('amd64', 'all'),
      source: fc.record({
        name: fc.stringMatching(/^[a-z]{2,8}$/),
        version: fc.stringMatching(/^[0-9.]{1,8}$/),
      }),
      licences: fc.array(text),
      maintainer: text,
      homepage: text,
    });
    const packages = fc.uniqueArray(found, { selector: ({ name }) => name, minLength: 200, maxLength: 200 });
    // One document with many packages, because the validator takes a quarter of a second to start.
    const [some = []] = fc.sample(packages, 1);
    expect(await validate(cycloneDxDocument({ ...INVENTORY, packages: some }, TOOL))).toBeNull();
  });
});

describe('package URLs', () => {
  test('name distribution and source as scanners expect them', () => {
    const { source: _, ...bare } = ZLIB;
    expect(packageUrl(ZLIB, DEBIAN)).toBe(
      'pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib',
    );
    expect(sourceUrl(ZLIB, DEBIAN)).toBe('pkg:deb/debian/zlib@1:1.2.13.dfsg-1?arch=source');
    expect(packageUrl({ ...bare, version: '1', source: { name: 'zlib1g', version: '1' } }, DEBIAN)).toBe(
      'pkg:deb/debian/zlib1g@1?arch=amd64&distro=debian-12',
    );
    const rpm = {
      ...bare,
      type: 'rpm',
      version: '1:5.2-1.fc42',
      source: { name: 'bash', version: '5.2-1.fc42' },
    } as const;
    expect(packageUrl(rpm, { id: 'fedora', version: '42', name: 'Fedora' })).toBe(
      'pkg:rpm/fedora/zlib1g@5.2-1.fc42?arch=amd64&distro=fedora-42&epoch=1&upstream=bash-5.2-1.fc42.src.rpm',
    );
    const apk = {
      ...bare,
      type: 'apk',
      version: '1.2-r0',
      source: { name: 'zlib', version: '1.2-r0' },
    } as const;
    expect(packageUrl(apk, { id: 'alpine', version: undefined, name: 'Alpine' })).toBe(
      'pkg:apk/alpine/zlib1g@1.2-r0?arch=amd64&distro=alpine&upstream=zlib',
    );
  });
});
