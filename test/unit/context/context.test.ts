import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execaSync } from 'execa';
import tar from 'tar-stream';
import { expect, test } from 'vitest';
import { contextEntries, renderContainerfile } from '../../../src/context/build-context.ts';
import { directoryEntries, packContext } from '../../../src/context/context-tar.ts';
import { loadFlavor } from '../../../src/flavors/load.ts';
import { select } from '../../../src/flavors/select.ts';
import { FLAVORS, TEMPLATES } from '../../../src/pipeline/session.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const flavor = await loadFlavor(FLAVORS, 'debian');

test('the Containerfile holds nothing that an ordinary docker build lacks', () => {
  expect(renderContainerfile({ base: 'localhost/base:1', flavor, overlay: '/o' })).toMatchInlineSnapshot(`
    "FROM localhost/base:1
    COPY install/ /kairos-build/install/
    RUN ["/bin/sh", "/kairos-build/install/install-apt.sh"]
    COPY framework/ /
    COPY overlay/ /
    COPY finish/ /kairos-build/finish/
    RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]
    "
  `);
});

test('the context holds the framework, parents before children, and reads as a tar', async () => {
  const entries = contextEntries({
    templates: TEMPLATES,
    flavor,
    selection: select(flavor, { arch: 'amd64', releaseVersion: '12' }, 'cloud', []),
    identity: {
      flavor: 'debian',
      flavorRelease: '12',
      family: 'debian',
      variant: 'core',
      arch: 'amd64',
      model: 'generic',
      version: 'v1.0.0',
    },
    model: 'generic',
    base: 'localhost/base:1',
    epoch: undefined,
    overlay: undefined,
    tool: 'test',
  });
  const names: string[] = [];
  const extract = tar.extract();
  packContext(entries).pipe(extract as never);
  for await (const entry of extract) {
    names.push(entry.header.name.replace(/\/$/, ''));
    expect([entry.header.uid, entry.header.gid]).toEqual([0, 0]);
    entry.resume();
  }
  for (const path of [
    'Containerfile',
    'install/packages',
    'framework/etc/kairos-release',
    'framework/etc/cos/grub.cfg',
    'framework/etc/cos/bootargs.cfg',
    'framework/usr/lib/dracut/modules.d/28kairos/module-setup.sh',
    'finish/finish.sh',
  ]) {
    expect(names).toContain(path);
  }
});

test('an overlay loses a umask’s bits and keeps everything else', async () => {
  const root = temporaryDirectory();
  mkdirSync(join(root, 'd'));
  writeFileSync(join(root, 'd/x'), 'x');
  chmodSync(join(root, 'd/x'), 0o4775);
  symlinkSync('x', join(root, 'd/l'));
  expect(directoryEntries(root, 'overlay')).toEqual([
    { type: 'directory', path: 'overlay' },
    { type: 'directory', path: 'overlay/d' },
    { type: 'symlink', path: 'overlay/d/l', target: 'x' },
    { type: 'file', path: 'overlay/d/x', source: join(root, 'd/x'), mode: 0o4755, size: 1 },
  ]);
  execaSync('mkfifo', [join(root, 'pipe')]);
  await failureOf(() => directoryEntries(root, 'overlay'), 'usage');
});
