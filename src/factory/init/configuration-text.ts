import type { Answers } from './answers.ts';
import { CLOUD_CONFIG } from './cloud-config-text.ts';

/** The configuration of a new project, with comments. */
export function configurationText({ flavor, artifacts, kubernetes }: Answers): string {
  return `# What kairos-factory builds here. Every key: docs/configuration.md

# The distribution. "kairos-factory flavors" lists all, and their releases.
flavor: ${flavor}
# release: NAME

# The version of the system: its nodes report it, and an upgrade has a higher one.
version: v0.1.0

# What to make: oci (to push to a registry, and to upgrade from), iso (to install from), squashfs, and the disks raw and qcow2.
artifacts: [${artifacts.join(', ')}]
output: build

# The nodes are configured by this file, which is part of the iso and of the disks.
cloud-config: ${CLOUD_CONFIG}
${kubernetes === undefined ? '' : `\n# Downloaded from the releases of its project, and verified by their checksums.\nkubernetes: ${kubernetes}\n`}
# More packages of the distribution.
packages: []
# Files of your own, copied over the root of the system.
# overlay-rootfs: overlay
`;
}
