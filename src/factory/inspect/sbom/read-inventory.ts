import { basename } from 'node:path';
import { artifactBaseName } from '../../../common/contract/artifact-names.ts';
import { identityFrom } from '../../../common/contract/kairos-release.ts';
import { rootOsRelease } from '../../../common/contract/root-names.ts';
import type { InstalledPackage } from '../../packages/installed-package.ts';
import { readPackages } from '../../packages/read-packages.ts';
import { frameworkParts } from './framework-parts.ts';
import type { Inventory, Part, SourceDistribution } from './inventory.ts';
import { type InventorySources, regularFile } from './inventory-sources.ts';
import { kubernetesParts } from './kubernetes-parts.ts';

/** Names of kernel packages; a kernel from another image has none. */
const KERNEL_PACKAGE = /^(linux-image-|linux-(lts|virt|raspi|rpi)$|kernel(-|$))/;

/**
 * Lists the packages in an OS image's root and the parts that no package manager lists.
 * @throws FactoryError as `readPackages` does
 */
export async function readInventory(root: string, sources: InventorySources): Promise<Inventory> {
  const { facts } = sources;
  const identity = identityFrom(new Map(Object.entries(facts.release)));
  const packages = await readPackages(root);
  const parts = [
    ...(await frameworkParts(root, sources)),
    ...(await kernel(root, sources, packages)),
    ...(await kubernetesParts(root, sources)),
    ...sources.bundles.map((name) => ({ name, description: 'bundle that was added to the image' })),
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
  const entries = await rootOsRelease(root);
  const id = entries.get('ID') || 'linux';
  return { id, version: entries.get('VERSION_ID') || undefined, name: entries.get('NAME') || id };
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
      description: 'kernel from another image',
      ...(version === '' ? {} : { version }),
      licence: 'GPL-2.0-only WITH Linux-syscall-note',
      file: '/boot/vmlinuz',
      sha256: await hash(file),
    },
  ];
}
