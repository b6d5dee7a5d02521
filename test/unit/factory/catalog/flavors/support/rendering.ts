import { readFileSync } from 'node:fs';
import { artifactBaseName, imageTag } from '../../../../../../src/common/contract/artifact-names.ts';
import { requiredDirectories } from '../../../../../../src/common/contract/system-layout.ts';
import { chooseBase } from '../../../../../../src/factory/catalog/flavors/choose.ts';
import { type Detected, fitFlavor } from '../../../../../../src/factory/catalog/flavors/detect.ts';
import type { LoadedFlavor } from '../../../../../../src/factory/catalog/flavors/load.ts';
import { select } from '../../../../../../src/factory/catalog/flavors/select.ts';
import { resolveBoard } from '../../../../../../src/factory/catalog/models/board.ts';
import { loadModel } from '../../../../../../src/factory/catalog/models/load.ts';
import { contextEntries } from '../../../../../../src/factory/image/context/build-context.ts';
import type { ContextOptions } from '../../../../../../src/factory/image/context/context-options.ts';
import type { ContextEntry } from '../../../../../../src/factory/image/context/context-tar.ts';
import { MODELS, TEMPLATES } from '../../../../../../src/factory/pipeline/project-files.ts';

const GENERIC = await loadModel(MODELS, 'generic');
/** Any file: only its name and size come into play. */
const K3S = {
  distribution: 'k3s',
  version: 'v1.34.1+k3s1',
  files: [{ role: 'program', name: 'k3s', path: import.meta.filename }],
} as const;

/** What bases of these releases say of themselves, where it is not their key. */
const OS_RELEASE: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'debian sid': { ID: 'debian', VERSION_CODENAME: 'sid' },
  'opensuse leap-15.6': { ID: 'opensuse-leap', VERSION_ID: '15.6' },
  'opensuse leap-16.0': { ID: 'opensuse-leap', VERSION_ID: '16.0' },
  'opensuse tumbleweed': { ID: 'opensuse-tumbleweed', VERSION_ID: '20251001' },
  'alpine edge': { ID: 'alpine', VERSION_ID: '3.24_alpha20251001' },
};

/** A release of a flavor as a base of it is detected. */
export function detectedRelease(loaded: LoadedFlavor, release: string): Detected {
  const { flavor } = loaded;
  const version = flavor.releases[release]?.version ?? '';
  const own = { ID: String(flavor['os-release-id']), VERSION_ID: version };
  return fitFlavor(loaded, OS_RELEASE[`${flavor.name} ${release}`] ?? own);
}

/** The build context of a release, for one arch, variant and kernel. */
export function releaseContext(
  loaded: LoadedFlavor,
  release: string,
  { arch, variant, kernel = 'generic' }: { arch: string; variant: string; kernel?: string },
): ContextOptions {
  const { flavor } = loaded;
  const { distribution } = detectedRelease(loaded, release);
  const base = chooseBase(loaded, { base: undefined, release, mirror: undefined });
  return {
    templates: TEMPLATES,
    flavor,
    selection: select(flavor, { arch, releaseVersion: distribution.version, variant }, { kernel }),
    identity: {
      flavor: distribution.name,
      flavorRelease: distribution.release,
      family: flavor.family,
      variant,
      arch,
      model: 'generic',
      version: 'v1.2.3',
      ...(variant === 'standard' ? { software: { prefix: K3S.distribution, version: K3S.version } } : {}),
    },
    ...(variant === 'standard' ? { kubernetes: K3S } : {}),
    board: resolveBoard(GENERIC, flavor, { arch, releaseVersion: distribution.version }),
    base: base.kind === 'bootstrap' ? `bootstrap:${base.suite}` : base.reference,
    epoch: undefined,
    overlay: undefined,
    tool: 'kairos-factory',
    // Any file: only its name and size come into play.
    agent: import.meta.filename,
  };
}

/**
 * All that a flavor decides about an image, as text: of the build context, what is not the same for every flavor.
 * Scripts and common files are left to their own tests.
 */
export function renderRelease(
  options: ContextOptions,
  kernels: readonly string[],
  loaded: LoadedFlavor,
): string {
  const entries = contextEntries(options);
  const common = new Set(requiredDirectories([]));
  const directories = textOf(entries, 'finish/directories')
    .split('\n')
    .filter((path) => path !== '' && !common.has(path));
  const section = (title: string, text: string) => `== ${title}\n${text.trim()}\n`;
  const listed = [
    'install/repository-packages',
    'install/repositories',
    'install/packages',
    'finish/enable',
    'finish/mask',
    'finish/unmask',
    'finish/disable',
    'finish/runlevels',
    'finish/selinux',
  ].filter((path) => textOf(entries, path) !== '');
  const { arch, variant } = options.identity;
  const others = kernels.flatMap((kernel) => {
    const { packages } = releaseContext(loaded, releaseOf(options, loaded), {
      arch,
      variant,
      kernel,
    }).selection;
    return [`${kernel}: ${packages.filter((name) => !options.selection.packages.includes(name)).join(' ')}`];
  });
  return [
    section('Containerfile', textOf(entries, 'Containerfile')),
    ...listed.map((path) => section(path, textOf(entries, path))),
    section('other kernels', others.join('\n') || 'none'),
    section('directories besides those of every image', directories.join('\n')),
    section('trees of the framework', treesOf(entries).join('\n')),
    section('/etc/kairos-release', textOf(entries, 'framework/etc/kairos-release')),
    section('/etc/cos/bootargs.cfg', textOf(entries, 'framework/etc/cos/bootargs.cfg')),
    section(
      'names',
      `${artifactBaseName(options.identity)}\n${options.identity.flavor}:${imageTag(options.identity)}`,
    ),
  ].join('\n');
}

function releaseOf(options: ContextOptions, loaded: LoadedFlavor): string {
  const keys = Object.keys(loaded.flavor.releases);
  const { flavorRelease } = options.identity;
  const found = keys.find((key) => detectedRelease(loaded, key).distribution.release === flavorRelease);
  if (found === undefined) throw new Error(`no release leads to ${flavorRelease}`);
  return found;
}

/** One file of each tree that is copied in, which shows that the tree is included. */
function treesOf(entries: readonly ContextEntry[]): string[] {
  const paths = entries.filter(({ type }) => type === 'file').map(({ path }) => path);
  const marks = {
    systemd: 'framework/usr/lib/systemd/system/cos-setup-fs.service',
    openrc: 'framework/etc/init.d/cos-setup-fs',
    'k3s for systemd': 'kubernetes/usr/lib/systemd/system/k3s.service',
    'k3s for OpenRC': 'kubernetes/etc/init.d/k3s',
    initramfs: 'framework/usr/lib/kairos/initramfs/init',
    'systemd-networkd': 'framework/usr/lib/systemd/network/20-dhcp.network',
  };
  return Object.entries(marks)
    .filter(([, path]) => paths.includes(path))
    .map(([name]) => name);
}

function textOf(entries: readonly ContextEntry[], path: string): string {
  const entry = entries.find((candidate) => candidate.path === path);
  if (entry?.type === 'text') return entry.text;
  if (entry?.type === 'file') return readFileSync(entry.source, 'utf8');
  throw new Error(`the context has no file ${path}`);
}
