import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { EPOCH_FILE } from '../../../src/common/contract/system-layout.ts';
import { printableFileName } from '../../../src/common/files/file-name.ts';
import { sourceSize } from '../../../src/common/oci/layers/deploy-source.ts';
import { CONTENT } from '../../../src/factory/artifacts/extensions/content.ts';
import { selectContent } from '../../../src/factory/artifacts/extensions/select-content.ts';
import { directoryEntries, packContext } from '../../../src/factory/image/context/context-tar.ts';
import { sealRoot } from '../../../src/factory/image/root/seal.ts';
import { scanTree } from '../../../src/factory/inspect/audit/scan-tree.ts';
import { treeContentDigest, treeSignature } from '../../../src/factory/pipeline/digests.ts';
import { testHost } from '../agent/support/test-host.ts';
import { readAll } from '../common/tar/support/read-all.ts';
import { DIRECTORY, plant, temporaryDirectory } from '../support/temporary.ts';

/** A tree in which two files differ only in a byte that is not UTF-8. */
function tree(files: Parameters<typeof plant>[1], directory: string): string {
  const root = plant(temporaryDirectory(), { ...files, [directory]: DIRECTORY });
  writeFileSync(at(root, `${directory}/x_\xe9`), 'one');
  writeFileSync(at(root, `${directory}/x_\xff`), 'two, secret-of-the-build');
  symlinkSync(Buffer.from('caf\xe9', 'latin1'), at(root, `${directory}/link_\xe9`));
  return root;
}

function at(root: string, latin1: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(latin1, 'latin1')]);
}

test('the build context and overlays keep them', async () => {
  const entries = directoryEntries(tree({}, 'srv'), 'overlay');
  const members = await readAll(await buffer(packContext(entries)));
  expect(members.map(({ member: { name, linkName }, stored }) => [name, linkName, `${stored}`])).toEqual([
    ['overlay', '', ''],
    ['overlay/srv', '', ''],
    ['overlay/srv/link_\xe9', 'caf\xe9', ''],
    ['overlay/srv/x_\xe9', '', 'one'],
    ['overlay/srv/x_\xff', '', 'two, secret-of-the-build'],
  ]);
});

test('sealing empties volatile directories of them', async () => {
  const root = tree({ [EPOCH_FILE]: '1700000000\n', etc: DIRECTORY }, 'tmp');
  mkdirSync(at(root, 'tmp/d\xe9'));
  writeFileSync(at(root, 'tmp/d\xe9/f'), '');
  await sealRoot(root);
  expect(readdirSync(join(root, 'tmp'))).toEqual([]);
});

test('the search for secrets reads them', async () => {
  const findings = await scanTree(tree({}, 'srv'), {
    name: '',
    needles: [Buffer.from('secret-of-the-build')],
    signal: new AbortController().signal,
    notice: () => undefined,
  });
  expect(findings.map(({ path }) => printableFileName(path))).toEqual(['/srv/x_\\xff']);
});

test.each([treeSignature, treeContentDigest])('a digest distinguishes them: %o', (digest) => {
  const root = temporaryDirectory();
  const digests = ['\xe9', '\xff', '\xc3\xa9'].map((name, index) => {
    const directory = join(root, String(index));
    mkdirSync(directory);
    writeFileSync(at(directory, name), '');
    return directory;
  });
  expect(new Set(digests.map((directory) => digest(directory))).size).toBe(3);
});

test('an extension loses them where it must not have files', () => {
  const root = tree({ 'usr/bin/tool': 'x' }, 'srv');
  writeFileSync(at(root, 'top_\xe9'), '');
  expect(selectContent(root, CONTENT.sysext, { isLayer: true }).files).toBe(1);
  expect(readdirSync(root)).toEqual(['usr']);
});

test('the size of a directory to install from includes them', async () => {
  await using host = await testHost();
  const path = '/source';
  await host.makeDirectory(path);
  writeFileSync(at(host.resolve(path), 'x_\xe9'), 'four');
  writeFileSync(at(host.resolve(path), 'x_\xff'), 'five5');
  expect((await sourceSize(host, { kind: 'dir', path })).bytes).toBe(9);
});
