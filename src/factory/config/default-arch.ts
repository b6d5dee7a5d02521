import { ARCHES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** The default architecture: the host's. @throws FactoryError `usage` when no images are made for it */
export function defaultArch(): Arch {
  const found = ARCHES.find((arch) => arch === machineArch());
  if (found !== undefined) return found;
  throw new FactoryError(
    'ARCH_UNSUPPORTED',
    `no images are made for ${machineArch()}, which this machine is`,
    {
      remedy: `Say which: --arch ${ARCHES.join('|')}.`,
    },
  );
}
