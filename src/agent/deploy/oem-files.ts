import { renderYaml } from '../../common/cloud-config/render.ts';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { OEM_CONFIG_MODE, OEM_FILE } from '../../common/contract/partition-files.ts';
import type { Host } from '../../common/host/host.ts';
import type { InstallOptions } from './install-options.ts';

/** sshd_config(5) settings for `install.ssh_hardening`. */
const SSH_HARDENING = [
  'PermitRootLogin no',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication no',
  'X11Forwarding no',
  'MaxAuthTries 3',
  '',
].join('\n');

/** The contents of a new OEM partition. */
export interface OemContent {
  readonly options: InstallOptions;
  /** The configuration of the node, with its header. */
  readonly configText: string;
}

/** Writes the files of an installation to the OEM partition (docs/contract.md 1.4). @param oem its mount point */
export async function writeOemFiles(
  host: Host,
  oem: string,
  { options, configText }: OemContent,
): Promise<void> {
  await writeConfiguration(host, oem, configText);
  if (
    (await host.stat(`${oem}/${OEM_FILE.grubEnvironment}`)) === undefined ||
    Object.keys(options.grubOptions).length > 0
  ) {
    await host.write(`${oem}/${OEM_FILE.grubEnvironment}`, grubEnvironment(options.grubOptions));
  }
  const mounts = customMounts(options);
  if (mounts !== undefined)
    await host.write(`${oem}/${OEM_FILE.customMounts}`, mounts, { mode: OEM_CONFIG_MODE });
  if (options.sshHardening) {
    await host.write(`${oem}/${OEM_FILE.sshHardening}`, sshHardening(), { mode: OEM_CONFIG_MODE });
  }
}

/** A preserved partition may have a configuration: it stays, and the new one is read after it. */
async function writeConfiguration(host: Host, oem: string, text: string): Promise<void> {
  for (let number = 90; number < 100; number += 1) {
    const file = `${oem}/${number}_custom.yaml`;
    const current = await host.readText(file);
    if (current === undefined) await host.write(file, text, { mode: OEM_CONFIG_MODE });
    if (current === undefined || current === text) return;
  }
}

/** The configuration that adds mounts to those of the initramfs (docs/contract.md 2.6). */
function customMounts({ bindMounts, ephemeralMounts }: InstallOptions): string | undefined {
  if (bindMounts.length + ephemeralMounts.length === 0) return undefined;
  const environment = {
    CUSTOM_BIND_MOUNTS: bindMounts.join(' '),
    CUSTOM_EPHEMERAL_MOUNTS: ephemeralMounts.join(' '),
  };
  const step = { environment_file: NODE_PATH.customLayout, environment };
  return `#cloud-config\n${renderYaml({ name: 'user_custom_mounts', stages: { rootfs: [step] } })}`;
}

function sshHardening(): string {
  const file = {
    path: '/etc/ssh/sshd_config.d/05-kairos-hardening.conf',
    content: SSH_HARDENING,
    permissions: 0o600,
  };
  return `#cloud-config\n${renderYaml({ name: 'ssh_hardening', stages: { initramfs: [{ files: [file] }] } })}`;
}
