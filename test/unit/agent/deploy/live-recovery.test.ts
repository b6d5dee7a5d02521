import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { grubReads } from '../../../../src/agent/deploy/live-recovery.ts';
import { systemHost } from '../../../../src/common/host/system-host.ts';
import { tool } from '../../../support/tool.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

test.each(['gzip', 'lzo', 'xz', 'lz4', 'zstd'])(
  'knows whether GRUB itself reads a squashfs with %s',
  async (compression) => {
    const home = temporaryDirectory();
    mkdirSync(join(home, 'root'));
    plant(join(home, 'root'), { 'etc/file': 'x'.repeat(200_000) });
    const file = join(home, 'a.squashfs');
    await tool('mksquashfs', join(home, 'root'), file, '-comp', compression, '-noappend', '-quiet');
    const isRead = await tool('grub-fstest', file, 'cat', '/etc/file').then(
      () => true,
      () => false,
    );
    expect(
      await grubReads(
        systemHost(() => undefined),
        file,
      ),
    ).toBe(isRead);
  },
);
