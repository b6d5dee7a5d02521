import type { Arch } from '../../common/contract/architectures.ts';
import type { HostTool } from './host-tool.ts';

const QEMU_X86: HostTool = {
  name: 'qemu-system-x86_64',
  package: 'qemu-system-x86',
  purpose: 'boots artifacts for amd64',
};
/** QEMU by the architecture that it emulates. */
export const QEMU: Readonly<Record<Arch, HostTool>> = {
  amd64: QEMU_X86,
  arm64: { name: 'qemu-system-aarch64', package: 'qemu-system-arm', purpose: 'boots artifacts for arm64' },
};
/** The Debian packages with the UEFI firmware. */
export const FIRMWARE_PACKAGE: Readonly<Record<Arch, string>> = { amd64: 'ovmf', arm64: 'qemu-efi-aarch64' };
