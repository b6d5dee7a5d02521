import { ARCHES, type Arch, machineArch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** The default architecture: the host's. @throws FactoryError `usage` when it is not supported */
export function defaultArch(): Arch {
  const found = ARCHES.find((arch) => arch === machineArch());
  if (found !== undefined) return found;
  throw new FactoryError(
    'ARCH_UNSUPPORTED',
    `the architecture of this machine, ${machineArch()}, is not supported`,
    {
      remedy: `Choose one: --arch ${ARCHES.join('|')}.`,
    },
  );
}
