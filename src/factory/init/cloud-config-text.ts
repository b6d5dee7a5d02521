import type { Answers } from './answers.ts';

/** The name of the cloud-config. */
export const CLOUD_CONFIG = 'node.yaml';

/** The account that a new cloud-config creates. */
const USER = 'kairos';

/** The cloud-config of a new project, with comments. A key is written as JSON, which is YAML whatever its comment contains. */
export function cloudConfigText({ key, kubernetes }: Answers): string {
  const distribution = kubernetes?.split('@')[0];
  return `#cloud-config
# The configuration of the nodes. Every key: docs/cloud-config.md. After a change: kairos-factory validate ${CLOUD_CONFIG}

# Each node has a name of its own.
hostname: "node-{{ trunc 4 .MachineID }}"

users:
  # May log in by SSH with this key and become root with sudo. It has no password.
  - name: ${USER}
    groups: [admin]
    ssh_authorized_keys:
      # One line for each key.
      - ${JSON.stringify(key)}

# A machine that starts from the iso is installed without a question: its disk is erased. Then it restarts.
install:
  auto: true
  device: auto
  reboot: true
${distribution === undefined ? '' : `\n# A cluster of one node. More nodes join it: docs/kubernetes.md\n${distribution}:\n  enabled: true\n`}`;
}
