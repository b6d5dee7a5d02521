import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { runInstall } from '../../../../src/agent/deploy/install.ts';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import { requireLocalSource } from '../../../../src/agent/trust/local-source.ts';
import { systemHost } from '../../../../src/common/host/system-host.ts';
import { parseSource } from '../../../../src/common/oci/layers/source.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { STATE, slotNode } from '../support/slot-node.ts';

/** How each file is made, and what is said about it. */
const FILES = [
  ['docker.tar', 'echo x > f; tar -cf docker.tar f', 'is a tar archive', 'ocifile:'],
  ['pax.tar', 'echo x > f; tar --format=posix -cf pax.tar f', 'is a tar archive', 'ocifile:'],
  ['os.tar.gz', 'echo x > f; tar -czf os.tar.gz f', 'is compressed with gzip', 'ocifile:'],
  ['os.img.zst', 'echo x > f; zstd -q f -o os.img.zst', 'is compressed with zstd', 'Decompress'],
  ['os.img.xz', 'echo x > f; xz -z f; mv f.xz os.img.xz', 'is compressed with xz', 'Decompress'],
  ['rootfs.squashfs', 'mkdir d; mksquashfs d rootfs.squashfs -quiet', 'is a squashfs', 'dir:'],
  [
    'live.iso',
    'truncate -s 40K live.iso; printf CD001 | dd of=live.iso bs=1 seek=32769 conv=notrunc 2>/dev/null',
    'is an ISO',
    'oci:',
  ],
  ['disk.qcow2', 'qemu-img create -q -f qcow2 disk.qcow2 1M', 'is a qcow2 disk', 'oci:'],
  [
    'disk.raw',
    'truncate -s 4M disk.raw; echo label: gpt | /sbin/sfdisk -q disk.raw',
    'is the image of a whole disk',
    'oci:',
  ],
  ['text', 'echo text > text', 'is not an ext filesystem', 'file:'],
  ['empty', ': > empty', 'is not an ext filesystem', 'file:'],
] as const;

describe('file: demands a filesystem', () => {
  test.each(FILES)('and refuses %s', async (name, make, message, remedy) => {
    const directory = temporaryDirectory();
    execFileSync('sh', ['-ec', make], { cwd: directory });
    const host = systemHost(() => undefined);
    const source = parseSource(`file:${directory}/${name}`);
    if (source.kind === 'oci') throw new Error('not local');
    await expect(requireLocalSource(host, source)).rejects.toMatchObject({
      code: 'SOURCE_UNSUITABLE',
      message: expect.stringContaining(message),
      remedy: expect.stringContaining(remedy),
    });
  });

  test.each(['ext2', 'ext4'])('and accepts %s', async (kind) => {
    const file = `${temporaryDirectory()}/os.img`;
    execFileSync('/sbin/mke2fs', ['-q', '-t', kind, file, '8M']);
    await requireLocalSource(
      systemHost(() => undefined),
      { kind: 'file', path: file },
    );
  });
});

const WRONG = [
  ['dir:/nope', 'IMAGE_NOT_FOUND'],
  ['file:/nope', 'IMAGE_NOT_FOUND'],
  ['ocifile:/nope', 'IMAGE_NOT_FOUND'],
  ['dir:/usr/local/next.img', 'SOURCE_UNSUITABLE'],
  ['file:/usr/local', 'SOURCE_UNSUITABLE'],
] as const;

describe.each(WRONG)('a source that is wrong is refused before anything is written: %s', (source, code) => {
  test('by an upgrade', async () => {
    const { host } = await slotNode();
    await using _ = host;
    const done = runUpgrade({ host, out: () => undefined }, { config: {}, source });
    await expect(done).rejects.toMatchObject({ code, remedy: expect.any(String) });
    expect(host.commands()).toEqual([]);
    expect(await host.list(`${STATE}/cOS`)).toEqual(['active.img', 'passive.img']);
  });

  test.each(['system', 'recovery-system'])('by an installation, as its %s', async (image) => {
    const { host } = await slotNode();
    await using _ = host;
    const config = { install: { nousers: true, source: 'dir:/oem', [image]: { uri: source } } };
    if (image === 'system') delete (config.install as { source?: string }).source;
    const done = runInstall({ host, out: () => undefined }, { config, configText: '' });
    await expect(done).rejects.toMatchObject({ code });
    expect(host.commands().filter((line) => /^(sfdisk|mke2fs|wipefs)/.test(line))).toEqual([]);
  });
});
