import { stringify } from 'yaml';
import { grubEnvironment } from '../../common/contract/grub-environment.ts';
import type { Host } from '../../common/host/host.ts';
import type { InstallOptions } from './install-options.ts';

/** The configuration may hold passwords and tokens (docs/contract.md 1.4). */
const PRIVATE = 0o640;

/** Ciphers and logins that are left when `install.ssh_hardening` is set. */
const SSH_HARDENING = [
  'PermitRootLogin no',
  'PasswordAuthentication no',
  'KbdInteractiveAuthentication no',
  'X11Forwarding no',
  'MaxAuthTries 3',
  '',
].join('\n');

/** What an installation leaves on the OEM partition (docs/contract.md 1.4). */
export async function writeOemFiles(
  host: Host,
  oem: string,
  options: InstallOptions,
  configText: string,
): Promise<void> {
  await writeConfiguration(host, oem, configText);
  if ((await host.stat(`${oem}/grubenv`)) === undefined || Object.keys(options.grubOptions).length > 0) {
    await host.write(`${oem}/grubenv`, grubEnvironment(options.grubOptions));
  }
  const mounts = customMounts(options);
  if (mounts !== undefined) await host.write(`${oem}/10_user_custom_mounts.yaml`, mounts, { mode: PRIVATE });
  if (options.sshHardening) {
    await host.write(`${oem}/10_ssh_hardening.yaml`, sshHardening(), { mode: PRIVATE });
  }
}

/** A disk that was kept may have a configuration already: it stays, and the new one is read after it. */
async function writeConfiguration(host: Host, oem: string, text: string): Promise<void> {
  for (let number = 90; number < 100; number += 1) {
    const file = `${oem}/${number}_custom.yaml`;
    const current = await host.readText(file);
    if (current === undefined) await host.write(file, text, { mode: PRIVATE });
    if (current === undefined || current === text) return;
  }
}

/** The configuration that tells the initramfs of further mounts (docs/contract.md 2.6). */
function customMounts({ bindMounts, ephemeralMounts }: InstallOptions): string | undefined {
  if (bindMounts.length + ephemeralMounts.length === 0) return undefined;
  const environment = {
    CUSTOM_BIND_MOUNTS: bindMounts.join(' '),
    CUSTOM_EPHEMERAL_MOUNTS: ephemeralMounts.join(' '),
  };
  const step = { environment_file: '/run/cos/custom-layout.env', environment };
  return `#cloud-config\n${stringify({ name: 'user_custom_mounts', stages: { rootfs: [step] } })}`;
}

function sshHardening(): string {
  const file = {
    path: '/etc/ssh/sshd_config.d/05-kairos-hardening.conf',
    content: SSH_HARDENING,
    permissions: 0o600,
  };
  return `#cloud-config\n${stringify({ name: 'ssh_hardening', stages: { initramfs: [{ files: [file] }] } })}`;
}
