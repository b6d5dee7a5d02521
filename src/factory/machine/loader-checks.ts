import { ARCHES } from '../../common/contract/architectures.ts';
import type { LoaderName } from '../netboot/client-kinds.ts';
import { IPXE_PACKAGE, installedLoader, loadersFor } from '../netboot/loaders.ts';
import { type HostSystem, installAdvice } from '../tools/host-packages.ts';
import { packageName } from '../tools/package-names.ts';
import type { Check } from './check.ts';

/** Checks the iPXE that `serve-netboot` gives to machines of each architecture. Files beside an artifact may take its place. */
export async function checkLoaders(
  system: HostSystem,
  find: (name: LoaderName) => Promise<string | undefined> = installedLoader,
): Promise<Check[]> {
  return Promise.all(
    ARCHES.map(async (arch): Promise<Check> => {
      const names = loadersFor([arch]);
      const found = await Promise.all(names.map(find));
      const missing = names.filter((_, index) => found[index] === undefined);
      // Debian bookworm's package has that for amd64 only, and other distributions have another one for each.
      const named =
        arch === 'amd64' ? system.manager && packageName(IPXE_PACKAGE, system.manager) : undefined;
      const common = {
        area: 'tools',
        name: `iPXE for ${arch}`,
        purpose: 'starts machines over the network',
        neededBy: ['serve-netboot'],
        ...(named === undefined ? {} : { package: named }),
      } as const;
      if (missing.length === 0) return { ...common, state: 'ok', found: names.join(', ') };
      return {
        ...common,
        state: 'unused',
        problem: `${missing.join(' and ')} of iPXE ${missing.length > 1 ? 'are' : 'is'} missing`,
        remedy: `${installAdvice([IPXE_PACKAGE], system)}; or put ${missing.join(' and ')} beside the artifact`,
      };
    }),
  );
}
