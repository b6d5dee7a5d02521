import type { HostTool } from './host-tool.ts';

export const QEMU_X86: HostTool = { name: 'qemu-system-x86_64', package: 'qemu-system-x86' };
/** Firmware images come with this package. */
export const OVMF_PACKAGE = 'ovmf';
