import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { installAdvice } from '../tools/host-packages.ts';
import { CLIENT_KINDS, type LoaderName } from './client-kinds.ts';

/** The Debian package with iPXE. */
export const IPXE_PACKAGE = 'ipxe';

/**
 * Where distributions have iPXE: Debian's package `ipxe` (for arm64 since trixie), Fedora's `ipxe-bootimgs-x86` and
 * `ipxe-bootimgs-aarch64`.
 */
const PLACES: Readonly<Record<LoaderName, readonly string[]>> = {
  'undionly.kpxe': ['/usr/lib/ipxe/undionly.kpxe', '/usr/share/ipxe/undionly.kpxe'],
  'ipxe.efi': ['/usr/lib/ipxe/ipxe.efi', '/usr/share/ipxe/ipxe-x86_64.efi'],
  'ipxe-arm64.efi': ['/usr/lib/ipxe/ipxe-arm64.efi', '/usr/share/ipxe/arm64-efi/snponly.efi'],
};

/** The programs that machines of some architectures start. */
export function loadersFor(arches: readonly string[]): LoaderName[] {
  return [...new Set(CLIENT_KINDS.filter(({ arch }) => arches.includes(arch)).map(({ loader }) => loader))];
}

/** The path of a program in a package of the distribution, if there is one. */
export function installedLoader(name: LoaderName): Promise<string | undefined> {
  return firstFile(PLACES[name]);
}

/**
 * Finds iPXE. A file in the directory of the artifact is used before that of the distribution.
 * @returns the path of each program
 * @throws FactoryError `tool` for one that is missing
 */
export async function findLoaders(
  names: readonly LoaderName[],
  directory: string,
  places = PLACES,
): Promise<ReadonlyMap<LoaderName, string>> {
  const found = new Map<LoaderName, string>();
  for (const name of names) {
    const path = await firstFile([join(directory, name), ...places[name]]);
    if (path === undefined)
      throw new FactoryError('TOOL_MISSING', `iPXE is missing: there is no ${name}`, {
        remedy: `${installAdvice([IPXE_PACKAGE])}; or put ${name} into ${directory}`,
      });
    found.set(name, path);
  }
  return found;
}

async function firstFile(candidates: readonly string[]): Promise<string | undefined> {
  const here = await Promise.all(
    candidates.map((file) =>
      access(file)
        .then(() => true)
        .catch(() => false),
    ),
  );
  return candidates[here.indexOf(true)];
}
