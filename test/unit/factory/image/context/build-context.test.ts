import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { environmentPath, ROLES } from '../../../../../src/agent/stages/kubernetes.ts';
import { bootargs } from '../../../../../src/common/contract/kernel-command-line.ts';
import { parseOsRelease } from '../../../../../src/common/contract/os-release.ts';
import { requiredDirectories } from '../../../../../src/common/contract/system-layout.ts';
import { loadFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import { select } from '../../../../../src/factory/catalog/flavors/select.ts';
import { resolveBoard } from '../../../../../src/factory/catalog/models/board.ts';
import { loadModel } from '../../../../../src/factory/catalog/models/load.ts';
import { contextEntries } from '../../../../../src/factory/image/context/build-context.ts';
import { renderContainerfile } from '../../../../../src/factory/image/context/containerfile.ts';
import type { ContextOptions } from '../../../../../src/factory/image/context/context-options.ts';
import type { ContextEntry } from '../../../../../src/factory/image/context/context-tar.ts';
import { FLAVORS, MODELS, TEMPLATES } from '../../../../../src/factory/pipeline/project-files.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const flavor = await loadFlavor(FLAVORS, 'debian');
const target = { arch: 'amd64', releaseVersion: '12' };
const selection = select(flavor, target, { kernel: 'generic', extraPackages: ['vim'] });
const board = resolveBoard(await loadModel(MODELS, 'generic'), flavor, target);

const OPTIONS: ContextOptions = {
  templates: TEMPLATES,
  flavor,
  selection,
  identity: {
    flavor: 'debian',
    flavorRelease: '12',
    family: 'debian',
    variant: 'core',
    arch: 'amd64',
    model: 'generic',
    version: 'v1.2.3',
  },
  board,
  base: 'localhost/base:1',
  epoch: '1700000000',
  overlay: undefined,
  tool: 'kairos-factory v0.1.0',
  // Any file: only its path and size matter.
  agent: import.meta.filename,
};

function textOf(entries: readonly ContextEntry[], path: string): string {
  const entry = entries.find((candidate) => candidate.path === path);
  if (entry?.type === 'text') return entry.text;
  if (entry?.type === 'file') return readFileSync(entry.source, 'utf8');
  throw new Error(`the context has no file ${path}`);
}

describe('renderContainerfile', () => {
  test('copies no overlay when there is none', () => {
    expect(
      renderContainerfile({ base: 'localhost/base:1', flavor, overlay: undefined }),
    ).toMatchInlineSnapshot(`
      "FROM localhost/base:1
      USER 0
      COPY install/ /kairos-build/install/
      RUN ["/bin/sh", "/kairos-build/install/install-apt.sh"]
      COPY framework/ /
      COPY finish/ /kairos-build/finish/
      RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]
      "
    `);
  });

  test('copies the overlay after the framework and before the finish script', () => {
    const lines = renderContainerfile({ base: 'b', flavor, overlay: '/o' }).split('\n');
    const [framework, overlay, finish] = [
      'COPY framework/ /',
      'COPY overlay/ /',
      'RUN ["/bin/sh", "/kairos-build/finish/finish.sh"]',
    ].map((line) => lines.indexOf(line));
    expect([framework, overlay, finish]).not.toContain(-1);
    expect([framework, overlay, finish]).toEqual([framework, overlay, finish].sort((a = 0, b = 0) => a - b));
  });

  test('copies only directories that the context has', () => {
    const entries = contextEntries(OPTIONS);
    const sources = [...textOf(entries, 'Containerfile').matchAll(/^COPY (\S+)\/ /gm)].map(
      (match) => match[1] ?? '',
    );
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources)
      expect(entries.some(({ path }) => path.startsWith(`${source}/`))).toBe(true);
  });
});

describe('contextEntries', () => {
  const overlay = () => plant(temporaryDirectory(), { 'etc/motd': 'hello', 'etc/link': { link: 'motd' } });

  test('lists parents before children', () => {
    const entries = contextEntries({ ...OPTIONS, overlay: overlay() });
    const first = new Map<string, number>();
    entries.forEach(({ path }, index) => {
      if (!first.has(path)) first.set(path, index);
    });
    const directories = entries.filter(({ type }) => type === 'directory').map(({ path }) => path);
    expect(directories).toContain('framework/etc');
    entries.forEach(({ path }, index) => {
      for (const directory of directories) {
        if (path.startsWith(`${directory}/`))
          expect([path, (first.get(directory) ?? 0) < index]).toEqual([path, true]);
      }
    });
  });

  test('gives write permission to root alone', () => {
    const entries = contextEntries({ ...OPTIONS, overlay: overlay() });
    const modes = entries.flatMap((entry) => ('mode' in entry ? [[entry.path, entry.mode & 0o022]] : []));
    expect(modes.length).toBeGreaterThan(0);
    expect(modes.filter(([, mode]) => mode !== 0)).toEqual([]);
  });

  test('uses relative paths that stay within the context', () => {
    for (const { path } of contextEntries({ ...OPTIONS, overlay: overlay() })) {
      expect(path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)|\/$/);
    }
  });

  test('lists packages to install, units to enable and mask, and directories to create', () => {
    const entries = contextEntries(OPTIONS);
    const lines = (path: string) => textOf(entries, path).split('\n').slice(0, -1);
    expect(lines('install/packages')).toEqual(selection.packages);
    expect(lines('finish/enable')).toEqual(selection.enable);
    expect(lines('finish/mask')).toEqual(selection.mask);
    expect(lines('finish/directories')).toEqual(requiredDirectories(flavor['persistent-paths']));
    expect(lines('finish/directories')).toContain('/snap');
    expect(textOf(entries, 'install/source-date-epoch')).toBe('1700000000');
    expect(textOf(contextEntries({ ...OPTIONS, epoch: undefined }), 'install/source-date-epoch')).toBe('');
  });

  test('contains the framework that the contract requires', () => {
    const entries = contextEntries(OPTIONS);
    expect(textOf(entries, 'framework/etc/cos/bootargs.cfg')).toBe(bootargs(board));
    expect(parseOsRelease(textOf(entries, 'framework/etc/kairos-release')).get('KAIROS_VERSION')).toBe(
      'v1.2.3',
    );
    expect(entries.find(({ path }) => path === 'framework/usr/bin/kairos-agent')).toMatchObject({
      type: 'file',
      source: OPTIONS.agent,
      mode: 0o755,
      size: statSync(import.meta.filename).size,
    });
    const layout = parseOsRelease(textOf(entries, 'framework/usr/lib/kairos/cos-layout.env'));
    expect(layout.get('PERSISTENT_STATE_PATHS')).toMatch(/ \/snap \/var\/snap \/var\/lib\/snapd$/);
    expect(textOf(entries, 'framework/etc/cos/grub.cfg')).toBe(
      readFileSync(join(TEMPLATES, 'image/common/etc/cos/grub.cfg'), 'utf8'),
    );
  });

  test('contains the overlay, if there is one', () => {
    const paths = contextEntries({ ...OPTIONS, overlay: overlay() }).map(({ path }) => path);
    expect(paths).toEqual(
      expect.arrayContaining(['overlay', 'overlay/etc', 'overlay/etc/motd', 'overlay/etc/link']),
    );
    expect(contextEntries(OPTIONS).filter(({ path }) => path.startsWith('overlay'))).toEqual([]);
  });

  test('contains Kubernetes, if requested, before the framework', () => {
    const kubernetes = {
      distribution: 'k3s',
      version: 'v1.34.1+k3s1',
      files: [
        { role: 'program', name: 'k3s', path: import.meta.filename },
        { role: 'images', name: 'apps.tar', path: import.meta.filename },
      ],
    } as const;
    const entries = contextEntries({ ...OPTIONS, kubernetes });
    const lines = textOf(entries, 'Containerfile').split('\n');
    expect(lines.indexOf('COPY kubernetes/ /')).toBeLessThan(lines.indexOf('COPY framework/ /'));
    expect(lines).toContain('RUN ["/bin/sh", "/kairos-build/kubernetes/kubernetes.sh"]');
    const entry = (path: string) => entries.find((candidate) => candidate.path === path);
    expect(entry('kubernetes/usr/bin/k3s')).toMatchObject({ type: 'file', mode: 0o755 });
    // The directory is persistent: it may contain only a link (docs/contract.md 2.6).
    expect(entry('kubernetes/var/lib/rancher/k3s/agent/images/apps.tar')).toEqual({
      type: 'symlink',
      path: 'kubernetes/var/lib/rancher/k3s/agent/images/apps.tar',
      target: '/usr/lib/kairos/kubernetes/images/apps.tar',
    });
    expect(entry('kubernetes/usr/lib/kairos/kubernetes/images/apps.tar')).toMatchObject({ mode: 0o644 });
    expect(textOf(entries, 'kubernetes/usr/lib/systemd/system/k3s.service')).toMatch(
      /^ExecStart=\/usr\/bin\/k3s server$/m,
    );
    expect(entries.filter(({ path }) => path.includes('k0s') || path.includes('init.d'))).toEqual([]);
    expect(contextEntries(OPTIONS).filter(({ path }) => path.startsWith('kubernetes'))).toEqual([]);
  });

  test('has units and scripts for every role that the agent knows', () => {
    for (const { program, service } of ROLES) {
      for (const [manager, path] of [
        ['systemd', `usr/lib/systemd/system/${service}.service`],
        ['openrc', `etc/init.d/${service}`],
      ] as const) {
        const text = readFileSync(join(TEMPLATES, 'kubernetes', program, manager, path), 'utf8');
        expect(text).toContain(`/usr/bin/${program}`);
        // The unit reads the environment file that the agent writes on a node.
        const role = ROLES.find((candidate) => candidate.service === service) ?? ROLES[0];
        const environment = role && environmentPath(role, manager);
        expect(text.replaceAll('%N', service)).toContain(environment);
      }
    }
  });

  test('copies bundles between framework and overlay, in order', () => {
    const bundles = [
      { image: 'localhost/b:1', mode: 'run', name: 'oci:/b "1"' },
      { image: 'localhost/b:2', mode: 'unpack', name: 'oci:/b2' },
    ] as const;
    const entries = contextEntries({ ...OPTIONS, bundles, overlay: overlay() });
    const lines = textOf(entries, 'Containerfile').split('\n');
    const from = lines.indexOf('COPY framework/ /') + 1;
    expect(lines.slice(from, lines.indexOf('COPY overlay-modes/ /kairos-build/overlay-modes/'))).toEqual([
      'COPY bundles/ /kairos-build/bundles/',
      'COPY --from=localhost/b:1 / /kairos-build/bundle-0/',
      String.raw`RUN ["/bin/sh", "/kairos-build/bundles/run-bundle.sh", "/kairos-build/bundle-0", "oci:/b \"1\""]`,
      'COPY --from=localhost/b:2 / /',
    ]);
    expect(textOf(entries, 'bundles/run-bundle.sh')).toContain('sh run.sh');
    const [, unpacked] = bundles;
    const other = contextEntries({ ...OPTIONS, bundles: [unpacked] });
    expect(other.filter(({ path }) => path.startsWith('bundles'))).toEqual([]);
  });
});

test('a board adds its components, files and kernel arguments', async () => {
  const arm = { arch: 'arm64', releaseVersion: '12' };
  const rpi4 = resolveBoard(await loadModel(MODELS, 'rpi4'), flavor, arm);
  const entries = contextEntries({ ...OPTIONS, board: rpi4 });
  expect(textOf(entries, 'install/components')).toBe('non-free-firmware\n');
  expect(textOf(entries, 'finish/board-files')).toBe(
    [
      '/usr/lib/raspi-firmware/start4.elf start4.elf',
      '/usr/lib/raspi-firmware/fixup4.dat fixup4.dat',
      '/usr/lib/linux-image-*/broadcom/bcm2711-rpi-4-b.dtb bcm2711-rpi-4-b.dtb',
      '/usr/lib/u-boot/rpi_4/u-boot.bin u-boot.bin',
      '',
    ].join('\n'),
  );
  expect(textOf(entries, 'framework/usr/lib/kairos/esp/config.txt')).toContain('arm_64bit=1\n');
  expect(textOf(entries, 'framework/etc/cos/bootargs.cfg')).toContain('modprobe.blacklist=vc4');
  const generic = contextEntries(OPTIONS);
  expect(textOf(generic, 'install/components')).toBe('');
  expect(textOf(generic, 'finish/board-files')).toBe('');
});

test('the trust policy of the node is where the agent looks for it, writable by root alone', () => {
  const policy = [
    { name: 'policy.yaml', text: 'repositories: []\n' },
    { name: 'release.pub', text: 'KEY\n' },
  ];
  const trust = (entries: readonly ContextEntry[]) =>
    entries.filter(({ path }) => path.startsWith('framework/etc/kairos/trust'));
  expect(trust(contextEntries({ ...OPTIONS, policy }))).toEqual([
    { type: 'directory', path: 'framework/etc/kairos/trust' },
    { type: 'text', path: 'framework/etc/kairos/trust/policy.yaml', text: policy[0]?.text, mode: 0o644 },
    { type: 'text', path: 'framework/etc/kairos/trust/release.pub', text: policy[1]?.text, mode: 0o644 },
  ]);
  expect(trust(contextEntries(OPTIONS))).toEqual([]);
});
