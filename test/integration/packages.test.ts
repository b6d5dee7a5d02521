import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readPackages } from '../../src/factory/packages/read-packages.ts';
import { tool } from '../support/tool.ts';

// Compares inventories with the output of the package managers. structure.test.ts does this for dpkg, with a real build.
const scratch = await mkdtemp(join(tmpdir(), 'packages-'));
afterAll(() => rm(scratch, { recursive: true, force: true }));

test('the packages in a database of the real rpm are those that rpm lists', async () => {
  const places = join(scratch, 'usr/lib/sysimage/rpm');
  const specs = {
    plain: ['', 'MIT'],
    newer: ['Epoch: 2', 'GPL-2.0-or-later AND (MIT OR Apache-2.0)'],
  } as const;
  for (const [name, [epoch, licence]] of Object.entries(specs)) {
    const spec = [
      ...[
        `Name: ${name}`,
        'Version: 1.0~rc1',
        'Release: 3.test',
        epoch,
        'Summary: test',
        `License: ${licence}`,
      ],
      ...['URL: https://example.org/', 'Vendor: Nobody', 'BuildArch: noarch'],
      ...[
        '%description',
        'test',
        `%package sub`,
        'Summary: sub',
        '%description sub',
        'sub',
        '%files',
        '%files sub',
        '',
      ],
    ];
    await writeFile(join(scratch, `${name}.spec`), spec.join('\n'));
    await tool(
      'rpmbuild',
      '-bb',
      '--quiet',
      '--define',
      `_topdir ${scratch}/work`,
      join(scratch, `${name}.spec`),
    );
  }
  const files = ['plain', 'newer'].flatMap((name) =>
    ['', '-sub'].map((part) => join(scratch, `work/RPMS/noarch/${name}${part}-1.0~rc1-3.test.noarch.rpm`)),
  );
  await tool('rpm', '--dbpath', places, '--install', '--justdb', '--nodeps', '--ignoreos', ...files);

  const line = '%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}';
  const told = await tool(
    ...(['rpm', '--dbpath', places, '-qa', '--qf'] as const),
    `%{NAME} ${line} %{ARCH} %{SOURCERPM} %{VENDOR} %{URL} %{LICENSE}\n`,
  );
  const read = await readPackages(scratch);
  const lines = read.map(({ name, version, arch, source, maintainer, homepage, licences }) =>
    [name, version, arch, `${source?.name}-${source?.version}.src.rpm`, maintainer, homepage, licences].join(
      ' ',
    ),
  );
  expect(lines).toEqual(told.trim().split('\n').sort());
  expect(read).toHaveLength(4);
});

// Debian's rpm cannot write SUSE's format. The test databases of go-rpmdb are available as a Go module of 70 MB.
test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
  'packages of a real SLE 15 (needs Go; KAIROS_FACTORY_TEST_ALL=1)',
  async () => {
    await writeFile(join(scratch, 'go.mod'), 'module test\n');
    const module = JSON.parse(
      await tool('go', '-C', scratch, 'mod', 'download', '-json', 'github.com/knqyf263/go-rpmdb@v0.1.1'),
    ) as { Dir: string };
    const database = await readFile(join(module.Dir, 'pkg/testdata/sle15-bci/Packages.db'));
    const root = await mkdtemp(join(scratch, 'sle-'));
    await tool('mkdir', '-p', join(root, 'var/lib/rpm'));
    await writeFile(join(root, 'var/lib/rpm/Packages.db'), database);
    const packages = await readPackages(root);
    expect(packages).toHaveLength(35);
    expect(packages.find(({ name }) => name === 'file-magic')).toMatchObject({
      ...{ version: '5.32-7.14.1', arch: 'noarch', licences: ['BSD-2-Clause'] },
      source: { name: 'file', version: '5.32-7.14.1' },
    });
  },
);
