import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseControl } from '../../../../src/factory/packages/control-paragraphs.ts';
import { copyrightLicences } from '../../../../src/factory/packages/debian-copyright.ts';
import { readPackages } from '../../../../src/factory/packages/read-packages.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const STATUS = `Package: zlib1g
Status: install ok installed
Architecture: amd64
Multi-Arch: same
Source: zlib
Version: 1:1.2.13.dfsg-1
Maintainer: Mark Brown <broonie@debian.org>
Homepage: http://zlib.net/
Description: compression library
 Second line: with a colon
 .
 end

Package: gone
Status: deinstall ok config-files
Architecture: all
Version: 1

Package: held
Status: hold ok installed
Architecture: all
Version: 2-1+b1
Source: held-source (2-1)

Package: broken
Status: install reinstreq half-configured
Architecture: all
Version: 3
`;

describe('packages of dpkg', () => {
  test('are those with installed files, with source and version, sorted', async () => {
    const root = plant(temporaryDirectory(), { 'var/lib/dpkg/status': STATUS });
    expect(await readPackages(root)).toEqual([
      {
        ...{ type: 'deb', name: 'broken', version: '3', arch: 'all', licences: [] },
        source: { name: 'broken', version: '3' },
      },
      {
        ...{ type: 'deb', name: 'held', version: '2-1+b1', arch: 'all', licences: [] },
        source: { name: 'held-source', version: '2-1' },
      },
      {
        ...{ type: 'deb', name: 'zlib1g', version: '1:1.2.13.dfsg-1', arch: 'amd64', licences: [] },
        source: { name: 'zlib', version: '1:1.2.13.dfsg-1' },
        maintainer: 'Mark Brown <broonie@debian.org>',
        homepage: 'http://zlib.net/',
      },
    ]);
  });

  test('include those in status.d, of an image without dpkg', async () => {
    const root = plant(temporaryDirectory(), {
      'var/lib/dpkg/status.d/tzdata': 'Package: tzdata\nVersion: 2024a\nArchitecture: all\n',
      'var/lib/dpkg/status.d/tzdata.md5sums': 'd41d8cd98f00b204e9800998ecf8427e  usr/x\n',
    });
    expect((await readPackages(root)).map(({ name, version }) => [name, version])).toEqual([
      ['tzdata', '2024a'],
    ]);
  });

  test('have the licences of the copyright file, also through a link to another package’s', async () => {
    const root = plant(temporaryDirectory(), {
      'var/lib/dpkg/status':
        'Package: a-doc\nVersion: 1\nArchitecture: all\n\nPackage: a\nVersion: 1\nArchitecture: all\n',
      'usr/share/doc/a/copyright':
        'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n\nFiles: *\nCopyright: me\nLicense: Expat\n',
      'usr/share/doc/a-doc': { link: 'a' },
    });
    expect((await readPackages(root)).map(({ licences }) => licences)).toEqual([['Expat'], ['Expat']]);
  });

  test('are not read from outside the root', async () => {
    const outside = plant(temporaryDirectory(), { copyright: 'see /usr/share/common-licenses/GPL-3' });
    const root = plant(temporaryDirectory(), {
      'var/lib/dpkg/status': `Package: ../../../../../../../..${outside}\nVersion: 1\n\nPackage: b\nVersion: 1\n`,
      'usr/share/doc/b': { link: outside },
    });
    expect((await readPackages(root)).map(({ licences }) => licences)).toEqual([[], []]);
  });

  test('a root without any package manager has none', async () => {
    expect(await readPackages(temporaryDirectory())).toEqual([]);
  });
});

describe('copyrightLicences', () => {
  test('returns the short names of the machine-readable form, once each', () => {
    const text = [
      'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
      'License: GPL-2+ or  Expat\n',
      'Files: *\nLicense: GPL-2+ or Expat\n The text of /usr/share/common-licenses/LGPL-3\n',
      'Files: x\nLicense: BSD-3-Clause\n Redistribution\n',
    ].join('\n');
    expect(copyrightLicences(text)).toEqual(['BSD-3-Clause', 'GPL-2+ or Expat']);
  });

  test('returns the common licences that free text refers to, without a trailing full stop', () => {
    const text =
      'On Debian see /usr/share/common-licenses/GPL-2.\nand `/usr/share/common-licenses/LGPL-2.1'.concat(
        "'.",
      );
    expect(copyrightLicences(text)).toEqual(['GPL-2', 'LGPL-2.1']);
  });

  test('does not guess', () => {
    expect(copyrightLicences('This is free software under some terms.')).toEqual([]);
  });
});

describe('parseControl', () => {
  const name = fc.stringMatching(/^[A-Za-z][A-Za-z0-9-]{0,10}$/);
  const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
  test('parses what a writer produces', () => {
    const paragraph = fc.uniqueArray(fc.tuple(name, fc.array(value, { minLength: 1, maxLength: 3 })), {
      selector: ([key]) => key.toLowerCase(),
      minLength: 1,
    });
    fc.assert(
      fc.property(fc.array(paragraph), (paragraphs) => {
        const text = paragraphs
          .map((fields) => fields.map(([key, lines]) => `${key}: ${lines.join('\n ')}`).join('\n'))
          .join('\n\n');
        expect(parseControl(text)).toEqual(
          paragraphs.map(
            (fields) => new Map(fields.map(([key, lines]) => [key.toLowerCase(), lines.join('\n')])),
          ),
        );
      }),
    );
  });

  test('never fails', () => {
    fc.assert(fc.property(fc.string(), (text) => void parseControl(text)));
  });
});
