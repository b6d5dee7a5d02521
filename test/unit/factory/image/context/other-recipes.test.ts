import { describe, expect, test } from 'vitest';
import { loadFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { select } from '../../../../../src/factory/catalog/flavors/select.ts';
import { resolveBoard } from '../../../../../src/factory/catalog/models/board.ts';
import { loadModel } from '../../../../../src/factory/catalog/models/load.ts';
import { contextEntries } from '../../../../../src/factory/image/context/build-context.ts';
import { renderContainerfile } from '../../../../../src/factory/image/context/containerfile.ts';
import {
  FOLDER_MARK,
  type FolderContainerfile,
  type FolderSource,
  type FolderSources,
  folderEntries,
  renderFolderRecipe,
} from '../../../../../src/factory/image/context/context-folder.ts';
import type {
  BundleLayer,
  ContextOptions,
} from '../../../../../src/factory/image/context/context-options.ts';
import { kairosInitArguments } from '../../../../../src/factory/image/context/kairos-init.ts';
import { checkContainerfile } from '../../../../../src/factory/image/context/user-containerfile.ts';
import { FLAVORS, MODELS, TEMPLATES } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';

const any = await loadFlavor(FLAVORS, 'any');
const debian = await loadFlavor(FLAVORS, 'debian');
const GENERIC = await loadModel(MODELS, 'generic');
const target = { arch: 'amd64', releaseVersion: '12' };

const identity = {
  flavor: 'tiny',
  flavorRelease: '1',
  family: 'any',
  variant: 'core',
  arch: 'amd64',
  model: 'generic',
  version: 'v1.2.3',
};
const kernel = {
  image: 'localhost/kernel:1',
  agent: import.meta.filename,
  epoch: 1700000000,
  library: '/lib',
  bootLoader: true,
} as const;
const shell = { shell: true, systemd: false, openrc: false, lacks: ['/oem'] };

const BARE: ContextOptions = {
  templates: TEMPLATES,
  flavor: any,
  selection: select(any, target, { kernel: undefined }),
  identity,
  board: resolveBoard(GENERIC, any, target),
  base: 'localhost/base:1',
  epoch: '1700000000',
  overlay: undefined,
  tool: 'kairos-factory v0.1.0',
  agent: import.meta.filename,
  kernel,
  root: { ...shell, isBare: true },
};
const { kernel: _, ...rest } = BARE;
const INIT: ContextOptions = {
  ...rest,
  flavor: debian,
  init: { program: import.meta.filename, image: identity, version: 'v0.5.1' },
};

const pathsOf = (options: ContextOptions) => contextEntries(options).map(({ path }) => path);

describe('a kernel from another image', () => {
  test('is collected in its own stage and copied over a root in which nothing is installed', () => {
    expect(renderContainerfile(BARE)).toMatchInlineSnapshot(`
      "FROM localhost/kernel:1 AS kairos-factory-kernel
      USER 0
      COPY initramfs/ /
      COPY kernel/ /kairos-build/kernel/
      RUN ["/bin/sh", "/kairos-build/kernel/collect-kernel.sh"]
      FROM localhost/base:1
      USER 0
      COPY --from=kairos-factory-kernel /kairos-collected/boot/ /boot/
      COPY --from=kairos-factory-kernel /kairos-collected/modules/ /lib/modules/
      COPY --from=kairos-factory-kernel /kairos-collected/firmware/ /lib/firmware/
      COPY --from=kairos-factory-kernel /kairos-collected/boot-loader/ /
      COPY framework/ /
      COPY finish/ /kairos-build/finish/
      RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]
      "
    `);
  });

  test('goes to /usr/lib if /lib is a link to it, and keeps the boot loader of the base', () => {
    const text = renderContainerfile({
      ...BARE,
      kernel: { ...kernel, library: '/usr/lib', bootLoader: false },
    });
    expect(text).toContain('/kairos-collected/modules/ /usr/lib/modules/\n');
    expect(text).not.toContain('boot-loader');
  });

  test('needs no shell in the base: without one nothing runs in it, and COPY creates directories', () => {
    const options = { ...BARE, root: { ...shell, shell: false } };
    const [, own = ''] = renderContainerfile(options).split('FROM localhost/base:1');
    expect(own).not.toContain('RUN');
    expect(pathsOf(options)).toContain('framework/oem');
    expect(pathsOf(BARE)).not.toContain('framework/oem');
  });

  test('omits the kernel packages of a flavor, and installs the others', () => {
    const { packages } = select(debian, target, { kernel: undefined });
    expect(packages).toContain('systemd');
    expect(packages.filter((name) => name.startsWith('linux-image'))).toEqual([]);
    const text = renderContainerfile({ ...BARE, flavor: debian });
    expect(text.indexOf('install-apt.sh')).toBeLessThan(text.indexOf('--from=kairos-factory-kernel'));
  });

  test('copies the scripts and the agent to the stage that makes the initramfs, and marks a root that lacks programs', () => {
    const paths = pathsOf(BARE);
    expect(paths).toContain('initramfs/usr/lib/kairos/initramfs/init');
    expect(paths).toContain('kernel/kairos-agent');
    expect(paths.filter((path) => path.startsWith('framework/usr/lib/kairos/initramfs'))).toEqual([]);
    expect(paths).toContain('framework/usr/lib/kairos/bare');
    expect(paths).toContain('finish/kernel-is-there');
    expect(paths).toContain('framework/usr/bin/kairos-agent');
    expect(pathsOf({ ...BARE, root: shell })).not.toContain('framework/usr/lib/kairos/bare');
  });

  test('adds units only to roots with systemd', () => {
    const unit = 'framework/usr/lib/systemd/system/cos-setup-boot.service';
    expect(pathsOf(BARE)).not.toContain(unit);
    expect(pathsOf({ ...BARE, root: { ...shell, systemd: true } })).toContain(unit);
  });
});

describe('kairos-init', () => {
  test('runs in its two stages, after a check of its version', () => {
    expect(renderContainerfile({ ...INIT, overlay: '/o' })).toMatchInlineSnapshot(`
      "FROM localhost/base:1
      USER 0
      COPY init/ /kairos-build/init/
      RUN ["/bin/sh", "/kairos-build/init/check-kairos-init.sh", "v0.5.1"]
      RUN ["/kairos-build/init/kairos-init", "--stage", "install", "--version", "v1.2.3", "--model", "generic"]
      COPY overlay-modes/ /kairos-build/overlay-modes/
      RUN ["/bin/sh", "/kairos-build/overlay-modes/keep-modes.sh", "save"]
      COPY overlay/ /
      RUN ["/bin/sh", "/kairos-build/overlay-modes/keep-modes.sh", "restore"]
      RUN ["/kairos-build/init/kairos-init", "--stage", "init", "--version", "v1.2.3", "--model", "generic"]
      RUN ["/bin/sh", "/kairos-build/init/finish-kairos-init.sh"]
      "
    `);
  });

  test('adds nothing of our own framework', () => {
    expect(pathsOf(INIT)).toEqual([
      'Containerfile',
      'init/kairos-init',
      'init/check-kairos-init.sh',
      'init/finish-kairos-init.sh',
      'init/directories',
      'init/source-date-epoch',
    ]);
  });

  test('gets a Kubernetes distribution as a provider', () => {
    const software = { prefix: 'k3s', version: 'v1.34.1+k3s1' };
    expect(kairosInitArguments('init', { ...identity, variant: 'standard', software })).toEqual([
      ...['--stage', 'init', '--version', 'v1.2.3', '--model', 'generic'],
      ...['--provider', 'k3s', '--provider-k3s-version', 'v1.34.1+k3s1'],
    ]);
  });
});

describe('a context folder', () => {
  const own = (stage: 'before' | 'after', text: string): FolderContainerfile => ({
    stage,
    checked: checkContainerfile('Own', text),
    entries: [{ type: 'text', path: 'data/a', text: 'a', mode: 0o644 }],
  });
  const tar = { kind: 'tar' } as const;
  const TARS: FolderSources = { base: tar, kernel: tar, bundles: [] };
  const before = (text: string) => renderFolderRecipe(BARE, TARS, own('before', text)).split('\n');

  test('continues in the last stage of a Containerfile that is applied to the base', () => {
    expect(renderFolderRecipe(BARE, TARS, own('before', '# syntax=x\nCOPY data /d'))).toMatchInlineSnapshot(`
      "# syntax=x
      # Made by kairos-factory v0.1.0. "docker build ." or "buildah build ." gives the image.
      FROM scratch AS kairos-factory-base
      ADD .kairos-factory/base.tar /
      FROM scratch AS kairos-factory-kernel-image
      ADD .kairos-factory/kernel.tar /
      FROM kairos-factory-kernel-image AS kairos-factory-kernel
      USER 0
      COPY .kairos-factory/initramfs/ /
      COPY .kairos-factory/kernel/ /kairos-build/kernel/
      RUN ["/bin/sh", "/kairos-build/kernel/collect-kernel.sh"]
      FROM kairos-factory-base
      COPY data /d
      USER 0
      COPY --from=kairos-factory-kernel /kairos-collected/boot/ /boot/
      COPY --from=kairos-factory-kernel /kairos-collected/modules/ /lib/modules/
      COPY --from=kairos-factory-kernel /kairos-collected/firmware/ /lib/firmware/
      COPY --from=kairos-factory-kernel /kairos-collected/boot-loader/ /
      COPY .kairos-factory/framework/ /
      COPY .kairos-factory/finish/ /kairos-build/finish/
      RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]
      USER 0
      COPY .kairos-factory/seal/ /kairos-build/seal/
      RUN ["/bin/sh", "/kairos-build/seal/seal.sh"]
      FROM scratch
      COPY --from=3 /kairos-sealed/ /
      "
    `);
  });

  test('starts a Containerfile that is applied afterwards from our stage', () => {
    const text = renderFolderRecipe(BARE, TARS, own('after', 'USER 1\nCOPY data /d'));
    expect(text).toContain('FROM kairos-factory-base AS kairos-factory-os\nUSER 0\n');
    expect(text).toMatch(/finish\.sh"\]\nFROM kairos-factory-os\nUSER 1\nCOPY data \/d\nUSER 0\n/);
    expect(text).toMatch(/\nFROM scratch\nCOPY --from=4 \/kairos-sealed\/ \/\n$/);
  });

  test('refers to registry images by digest, and needs no tar of them', () => {
    const registry = (name: string): FolderSource => ({
      kind: 'registry',
      reference: `docker.io/library/${name}@sha256:${'0'.repeat(64)}`,
      name: `docker.io/library/${name}:1`,
      platform: 'linux/amd64',
    });
    const bundles: BundleLayer[] = [
      { image: 'localhost/bundle:1', mode: 'unpack', name: 'one' },
      { image: 'localhost/bundle:2', mode: 'run', name: 'two' },
    ];
    const sources = { base: registry('base'), kernel: registry('kernel'), bundles: [registry('one'), tar] };
    const text = renderFolderRecipe({ ...BARE, bundles }, sources, undefined);
    const digest = `@sha256:${'0'.repeat(64)}`;
    expect(text).toContain(
      `# docker.io/library/base:1\nFROM --platform=linux/amd64 docker.io/library/base${digest} AS kairos-factory-base\n`,
    );
    expect(text).toContain(`library/kernel${digest} AS kairos-factory-kernel-image\n`);
    expect(text).toContain(`library/one${digest} AS kairos-factory-bundle-0\n`);
    expect(text.match(/^ADD .*/gm)).toEqual(['ADD .kairos-factory/bundle-1.tar /']);
    expect(text).toContain('COPY --from=kairos-factory-bundle-0 / /\n');
    expect(text).toContain('COPY --from=kairos-factory-bundle-1 / /kairos-build/bundle-1/\n');
    expect(text).not.toContain('localhost/');
  });

  test('does not seal a root that cannot run scripts', () => {
    const options = { ...BARE, root: { ...shell, shell: false } };
    expect(renderFolderRecipe(options, TARS, undefined)).not.toContain('seal');
    expect(folderEntries(options, TARS, undefined).filter(({ path }) => path.includes('/seal'))).toEqual([]);
  });

  test('keeps global arguments before every stage', () => {
    const lines = before('ARG TAG=1\nFROM golang:${TAG} AS go\nFROM $BASE_IMAGE\nRUN a');
    expect(lines.indexOf('ARG TAG=1')).toBeGreaterThan(-1);
    expect(lines.indexOf('ARG TAG=1')).toBeLessThan(lines.findIndex((line) => line.startsWith('FROM')));
  });

  test('keeps the stages of the user', () => {
    const lines = before('FROM $BASE_IMAGE AS t\nRUN a\nFROM $BASE_IMAGE\nCOPY --from=t /a /a');
    const at = lines.indexOf('FROM kairos-factory-base AS t');
    expect(lines.slice(at, at + 5)).toEqual([
      'FROM kairos-factory-base AS t',
      'RUN a',
      'FROM kairos-factory-base',
      'COPY --from=t /a /a',
      'USER 0',
    ]);
  });

  test('keeps our files in one directory, and the user’s outside it', () => {
    const entries = folderEntries(BARE, TARS, own('before', 'RUN a'));
    const outside = entries.map(({ path }) => path).filter((path) => !path.startsWith('.kairos-factory'));
    expect(outside).toEqual(['Dockerfile', 'data/a']);
    const mark = entries.find(({ path }) => path === FOLDER_MARK);
    expect(mark?.type === 'text' && JSON.parse(mark.text)).toMatchObject({ schema: 1, image: identity });
  });

  test('refuses a context that uses the reserved directory', async () => {
    const clash = { type: 'text', path: '.kairos-factory/x', text: '', mode: 0o644 } as const;
    const error = await failureOf(
      () => folderEntries(BARE, TARS, { ...own('before', 'RUN a'), entries: [clash] }),
      'usage',
    );
    expect(error.message).toContain('.kairos-factory/x');
  });
});

describe('the initramfs', () => {
  const paths = (more: Partial<ContextOptions>) => {
    const { kernel: _, ...own } = BARE;
    const options = {
      ...own,
      flavor: debian,
      selection: select(debian, target, { kernel: 'cloud' }),
      ...more,
    };
    return contextEntries(options).map(({ path }) => path);
  };

  test('is made by the build, and on request for the network, too', () => {
    const found = paths({});
    expect(found).toContain('framework/usr/lib/kairos/initramfs/init');
    expect(found.filter((path) => /dracut|netboot$/.test(path))).toEqual([]);
    expect(paths({ netboot: true })).toContain('finish/netboot');
    expect(paths({ netboot: true, kernel })).toContain('kernel/netboot');
  });

  test('is made by dracut with the same scripts, where the flavor chooses it', () => {
    const found = paths({ flavor: { ...debian, initramfs: 'dracut' } });
    expect(found).toEqual(
      expect.arrayContaining([
        'install/dracut',
        'finish/dracut',
        'framework/etc/dracut.conf.d/10-kairos.conf',
        'framework/usr/lib/dracut/modules.d/28kairos/module-setup.sh',
        'framework/usr/lib/kairos/initramfs/slot.sh',
      ]),
    );
  });
});
