import { readdir, readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import type { ImageFacts } from '../../../common/contract/image-facts.ts';
import { identityFrom } from '../../../common/contract/kairos-release.ts';
import { parseOsRelease } from '../../../common/contract/os-release.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';
import { DISTRIBUTION_FACTS, DISTRIBUTIONS } from '../../catalog/kubernetes/distribution.ts';
import { IMAGES_HOME } from '../../image/context/kubernetes-entries.ts';
import type { InstalledPackage } from '../../packages/installed-package.ts';
import { readPackages } from '../../packages/read-packages.ts';
import type { AgentParts } from './agent-parts.ts';
import type { Inventory, Part, SourceDistribution } from './inventory.ts';

/** What an inventory needs besides the root. */
export interface InventorySources {
  readonly facts: Pick<ImageFacts, 'epoch' | 'release'>;
  /** The agents that this factory has; the image's is recognised by its content. */
  readonly agents: readonly AgentParts[];
  /** Names of the bundles that were laid into the image: nothing in it tells of them. */
  readonly bundles: readonly string[];
  /** sha256 of a file in hex. */
  readonly hash: (file: string) => Promise<string>;
}

const AGENT = '/usr/bin/kairos-agent';
const INITRAMFS_MODULE = '/usr/lib/dracut/modules.d/28kairos';
/** How the packages of kernels are called; a kernel from another image has none. */
const KERNEL_PACKAGE = /^(linux-image-|linux-(lts|virt|raspi|rpi)$|kernel(-|$))/;

/**
 * Takes the inventory of an OS image's root: packages, and what no package manager knows of.
 * @throws FactoryError as `readPackages`
 */
export async function readInventory(root: string, sources: InventorySources): Promise<Inventory> {
  const { facts } = sources;
  const identity = identityFrom(new Map(Object.entries(facts.release)));
  const packages = await readPackages(root);
  const parts = [
    ...(await framework(root, sources)),
    ...(await kernel(root, sources, packages)),
    ...(await kubernetes(root, sources)),
    ...sources.bundles.map((name) => ({ name, description: 'bundle that was laid into the image' })),
  ];
  return {
    name: artifactBaseName(identity),
    version: identity.version,
    arch: identity.arch,
    epoch: facts.epoch,
    distribution: await readDistribution(root),
    packages,
    parts,
  };
}

async function readDistribution(root: string): Promise<SourceDistribution> {
  const file =
    (await resolveInRoot(root, '/etc/os-release')) ?? (await resolveInRoot(root, '/usr/lib/os-release'));
  const entries = parseOsRelease(file === undefined ? '' : await readFile(file, 'utf8'));
  const id = entries.get('ID') || 'linux';
  return { id, version: entries.get('VERSION_ID') || undefined, name: entries.get('NAME') || id };
}

async function framework(root: string, sources: InventorySources): Promise<Part[]> {
  const tool = sources.facts.release['KAIROS_INIT_VERSION'] ?? '';
  const own = /^kairos-factory v?(.+)$/.exec(tool)?.[1];
  const module = await resolveInRoot(root, INITRAMFS_MODULE);
  const agent = await agentPart(root, sources);
  if (own === undefined) {
    const maker = { name: 'kairos-init', description: 'framework of upstream Kairos', licence: 'Apache-2.0' };
    return [...(tool === '' ? [] : [{ ...maker, version: tool }]), ...agent];
  }
  const inner: Part[] = [
    ...(module === undefined
      ? []
      : [
          {
            name: 'kairos-factory-initramfs',
            description: 'module of the initramfs: finds, mounts and grows what the system runs from',
            version: own,
            licence: 'Apache-2.0',
            file: INITRAMFS_MODULE,
          },
        ]),
    ...agent,
  ];
  return [
    {
      name: 'kairos-factory-framework',
      description: 'boot menu, layout, units and configuration that make a distribution an immutable system',
      version: own,
      licence: 'Apache-2.0',
      parts: inner,
    },
  ];
}

async function agentPart(root: string, { agents, hash }: InventorySources): Promise<Part[]> {
  const file = await regularFile(root, AGENT);
  if (file === undefined) return [];
  const sha256 = await hash(file);
  const part = { name: 'kairos-agent', description: 'the program on the node', file: AGENT, sha256 };
  const known = agents.find((agent) => agent.sha256 === sha256);
  if (known === undefined) return [part];
  const { version, licence, runtime, libraries } = known;
  return [
    {
      ...part,
      version,
      licence,
      parts: [
        { ...library(runtime), description: 'JavaScript runtime, compiled in' },
        ...libraries.map((found) => ({ ...library(found), description: 'library of npm, compiled in' })),
      ],
    },
  ];
}

function library({ name, version, licence }: AgentParts['libraries'][number]): Omit<Part, 'description'> {
  const purl = `pkg:npm/${name.replace(/^@/, '%40')}@${encodeURIComponent(version)}`;
  return { name, version, purl, ...(licence === 'NOASSERTION' ? {} : { licence }) };
}

async function kernel(
  root: string,
  { hash }: InventorySources,
  packages: readonly InstalledPackage[],
): Promise<Part[]> {
  const file = await regularFile(root, '/boot/vmlinuz');
  if (file === undefined || packages.some(({ name }) => KERNEL_PACKAGE.test(name))) return [];
  const version = basename(file).replace(/^[^-]*-?/, '');
  return [
    {
      name: 'linux',
      description: 'kernel that was taken from another image',
      ...(version === '' ? {} : { version }),
      licence: 'GPL-2.0-only WITH Linux-syscall-note',
      file: '/boot/vmlinuz',
      sha256: await hash(file),
    },
  ];
}

async function kubernetes(root: string, { facts, hash }: InventorySources): Promise<Part[]> {
  const prefix = facts.release['KAIROS_SOFTWARE_VERSION_PREFIX'];
  const version = facts.release['KAIROS_SOFTWARE_VERSION'];
  const name = DISTRIBUTIONS.find((known) => known === prefix);
  if (name === undefined || !version) return [];
  const program = `/usr/bin/${name}`;
  const file = await regularFile(root, program);
  const project = /github\.com\/([^/]+\/[^/]+)/.exec(DISTRIBUTION_FACTS[name].releases)?.[1];
  const images = await resolveInRoot(root, IMAGES_HOME);
  const archives = images === undefined ? [] : (await readdir(images)).sort();
  return [
    {
      name,
      version,
      licence: 'Apache-2.0',
      description: 'Kubernetes distribution, one program',
      ...(project === undefined ? {} : { purl: `pkg:github/${project}@${encodeURIComponent(version)}` }),
      ...(file === undefined ? {} : { file: program, sha256: await hash(file) }),
    },
    ...(await Promise.all(
      archives.map(async (archive) => {
        const path = `${IMAGES_HOME}/${archive}`;
        const found = await regularFile(root, path);
        return {
          name: archive,
          description: `container images for ${name}, packed; what is in them is not looked at`,
          file: path,
          ...(found === undefined ? {} : { sha256: await hash(found) }),
        };
      }),
    )),
  ];
}

async function regularFile(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  return file !== undefined && (await stat(file)).isFile() ? file : undefined;
}
