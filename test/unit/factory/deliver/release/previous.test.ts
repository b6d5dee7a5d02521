import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  folderReader,
  predecessor,
  readPrevious,
} from '../../../../../src/factory/deliver/release/previous.ts';
import { releaseContents } from '../../../../../src/factory/deliver/release/release-contents.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { samplePrevious, sampleTarget, sha256 } from './support/sample.ts';

const SPDX = JSON.stringify({
  spdxVersion: 'SPDX-2.3',
  packages: [
    {
      name: 'bash',
      versionInfo: '5.1-9',
      externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:deb/debian/bash@5.1-9?arch=amd64' }],
    },
  ],
});

/** Writes a folder with `release.json` and the SPDX document of its target. */
function plantRelease(document = SPDX): string {
  const sample = sampleTarget('core');
  const files = sample.target.files.map((file) =>
    file.name.endsWith('.spdx.json') ? { ...file, sha256: sha256(SPDX) } : file,
  );
  const targets = [{ ...sample, target: { ...sample.target, files } }];
  const { index } = releaseContents({ targets, previous: undefined, tool: 'tool', isSigned: false });
  const name = files.find((file) => file.name.endsWith('.spdx.json'))?.name ?? '';
  return plant(temporaryDirectory(), { 'release.json': index, [name]: document });
}

describe('a previous release', () => {
  test('is read with its packages for the comparison with a new release', async () => {
    const folder = plantRelease();
    const previous = await readPrevious(folder, folderReader(folder));
    expect(previous.packages.get('core')).toEqual([
      { type: 'deb', name: 'bash', version: '5.1-9', arch: 'amd64' },
    ]);
    const targets = [sampleTarget('core', { version: 'v1.2.4' })];
    const { release, texts } = releaseContents({ targets, previous, tool: 'tool', isSigned: false });
    expect(release.targets[0]?.changes?.upgraded).toEqual([
      { name: 'bash', arch: 'amd64', from: '5.1-9', to: '5.2-1' },
    ]);
    expect(texts.get('index.html')).toContain('Packages: 1 upgraded');
  });

  test('is refused when a document does not match its checksum', async () => {
    const folder = plantRelease(SPDX.replace('5.1-9', '9.9-9'));
    const { message } = await failureOf(() => readPrevious('PLACE', folderReader(folder)), 'verification');
    expect(message).toMatch(/^PLACE: kairos-.*\.spdx\.json does not match its checksum$/);
  });

  test('needs a release.json in a supported format', async () => {
    const empty = temporaryDirectory();
    await failureOf(() => readPrevious(empty, folderReader(empty)), 'usage');
    plant(empty, { 'release.json': '{"schema":2}' });
    const { message } = await failureOf(() => readPrevious(empty, folderReader(empty)), 'verification');
    expect(message).toContain(join(empty));
  });

  test('has a predecessor only for a target of the same kind', () => {
    const { release } = samplePrevious(
      sampleTarget('bookworm'),
      sampleTarget('trixie'),
      sampleTarget('arm', { arch: 'arm64' }),
    );
    const before = (name: string, arch = 'amd64') =>
      predecessor(sampleTarget(name, { arch }).target, release)?.name;
    expect([
      before('trixie'),
      before('forky'),
      before('other', 'arm64'),
      before('bookworm', 'riscv64'),
    ]).toEqual(['trixie', undefined, 'arm', undefined]);
  });
});
