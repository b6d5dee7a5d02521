import { readFile } from 'node:fs/promises';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { identityFrom } from '../../../common/contract/kairos-release.ts';
import { NODE_PATH } from '../../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../../common/contract/os-release.ts';
import { rootOsRelease } from '../../../common/contract/root-names.ts';
import { EPOCH_FILE } from '../../../common/contract/system-layout.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { readTextInRoot } from '../../packages/read-in-root.ts';
import { readPackages } from '../../packages/read-packages.ts';
import type { RootView } from '../root/root-view.ts';
import type { AgentParts } from '../sbom/agent-parts.ts';
import { regularFile } from '../sbom/inventory-sources.ts';
import { describeInitramfs, type InitramfsFacts } from './describe-initramfs.ts';
import { AGENT } from './system-selection.ts';

/** What a root filesystem is, by its own files. */
export interface SystemFacts {
  /** The name that artifacts of it get; absent when its release file has no usable one. */
  readonly name?: string;
  readonly version?: string;
  readonly arch?: string;
  /** `/etc/kairos-release`; empty when it is not an OS image of Kairos. */
  readonly release: Readonly<Record<string, string>>;
  readonly distribution?: { readonly id: string; readonly version?: string; readonly name: string };
  /** The program that made it an OS image, with its version. */
  readonly framework?: string;
  readonly kernel?: { readonly version?: string; readonly size?: number };
  readonly initramfs?: InitramfsFacts;
  readonly agent?: { readonly version?: string; readonly size: number; readonly sha256: string };
  /** Number of packages by the type of the database. */
  readonly packages: Readonly<Record<string, number>>;
  /** Unix timestamp that its files are stamped with. */
  readonly epoch?: number;
  /** What would be the same on every node that is installed from it. */
  readonly identity: {
    readonly machineId: 'missing' | 'empty' | 'set';
    /** Names of SSH host keys in the image. */
    readonly sshHostKeys: readonly string[];
  };
}

/** Describes a system. @throws FactoryError `step` when a package database is broken */
export async function describeSystem(view: RootView, agents: readonly AgentParts[]): Promise<SystemFacts> {
  const { files, directory } = view;
  const text = (path: string) => readTextInRoot(directory, path);
  const release = parseOsRelease((await text(NODE_PATH.release)) ?? '');
  const os = await rootOsRelease(directory);
  const epoch = Number(((await text(EPOCH_FILE)) ?? '').trim());
  const machineId = await text('/etc/machine-id');
  const initrd = await regularFile(directory, '/boot/initrd');
  const packages: Record<string, number> = {};
  for (const { type } of await readPackages(directory)) packages[type] = (packages[type] ?? 0) + 1;
  const version = release.get('KAIROS_VERSION');
  const arch = release.get('KAIROS_ARCH');
  const framework = release.get('KAIROS_INIT_VERSION');
  return {
    ...defined({ name: nameOf(release), version, arch, framework: framework && frameworkName(framework) }),
    release: Object.fromEntries(release),
    ...(os.size === 0
      ? {}
      : {
          distribution: {
            id: os.get('ID') || 'linux',
            ...defined({ version: os.get('VERSION_ID') }),
            name: os.get('PRETTY_NAME') || os.get('NAME') || os.get('ID') || 'linux',
          },
        }),
    ...defined({ kernel: kernelOf(files) }),
    ...(initrd === undefined ? {} : { initramfs: await describeInitramfs(await readFile(initrd)) }),
    ...defined({ agent: agentOf(view, agents) }),
    packages,
    ...(epoch > 0 ? { epoch } : {}),
    identity: {
      machineId: machineId === undefined ? 'missing' : /^[0-9a-f]{32}\s*$/.test(machineId) ? 'set' : 'empty',
      sshHostKeys: files
        .filter(({ path, kind }) => kind === 'file' && /^etc\/ssh\/ssh_host_\w+_key$/.test(path))
        .map(({ path }) => `/${path}`),
    },
  };
}

/** The name of its artifacts. A value that cannot be part of a name costs the name only. */
function nameOf(release: ReadonlyMap<string, string>): string | undefined {
  if (release.get('KAIROS_VERSION') === undefined) return undefined;
  try {
    return artifactBaseName(identityFrom(release));
  } catch (error) {
    if (error instanceof FactoryError) return undefined;
    throw error;
  }
}

/** Upstream's kairos-init writes only its version. */
function frameworkName(text: string): string {
  return /^v?\d/.test(text) ? `kairos-init ${text}` : text;
}

function kernelOf(files: RootView['files']): SystemFacts['kernel'] {
  const link = files.find(({ path }) => path === 'boot/vmlinuz' || path === 'boot/Image');
  if (link === undefined) return undefined;
  const name = link.target?.split('/').at(-1) ?? '';
  const file = link.kind === 'symlink' ? files.find(({ path }) => path === `boot/${name}`) : link;
  const modules = files.find(
    ({ path, kind }) => kind === 'directory' && /^(usr\/)?lib\/modules\/[^/]+$/.test(path),
  );
  const version = /^[^-]+-(.+)$/.exec(name)?.[1] ?? modules?.path.split('/').at(-1);
  return defined({ version, size: file?.size });
}

function agentOf({ files, digests }: RootView, agents: readonly AgentParts[]): SystemFacts['agent'] {
  const size = files.find(({ path }) => path === AGENT)?.size;
  const sha256 = digests.get(AGENT);
  if (size === undefined || sha256 === undefined) return undefined;
  const version = agents.find((agent) => agent.sha256 === sha256)?.version;
  return { ...defined({ version }), size, sha256 };
}

/** Leaves out what is not known. */
function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
