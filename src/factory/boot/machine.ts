import { basename } from 'node:path';
import { ARCHES, ARCHITECTURES, type Arch } from '../../common/contract/architectures.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { didYouMean } from '../../common/text/suggest.ts';
import { BOOTABLE_KINDS, bootableFormat, type DiskFormat } from '../config/bootable.ts';
import { FIRMWARES, type Firmware } from '../config/prove.ts';
import type { Forward } from './forward.ts';

/** How an artifact is attached: a disk, or a CD. */
export type Attachment = 'disk' | 'cdrom';

/** A virtual machine that boots one artifact. */
export interface Machine {
  readonly artifact: string;
  /** `amd64` when absent. */
  readonly arch?: Arch;
  readonly attachment: Attachment;
  readonly firmware: Firmware;
  /** Path of a second qcow2 disk for an installation; once it is bootable, it boots first. */
  readonly target?: string;
  /** In MiB. */
  readonly memory: number;
  readonly cores: number;
  /** Ports of the host that lead to ports of the guest; none when absent. */
  readonly forwards?: readonly Forward[];
  /** Whether writes to the artifact are discarded at the end. */
  readonly snapshot: boolean;
  /** Whether to use hardware virtualisation; emulation is far slower. */
  readonly kvm: boolean;
}

/** Firmware images of Debian's `ovmf`; secure boot needs variables with the vendors' keys enrolled. */
export const OVMF = {
  uefi: { code: '/usr/share/OVMF/OVMF_CODE_4M.fd', variables: '/usr/share/OVMF/OVMF_VARS_4M.fd' },
  secureboot: {
    code: '/usr/share/OVMF/OVMF_CODE_4M.secboot.fd',
    variables: '/usr/share/OVMF/OVMF_VARS_4M.ms.fd',
  },
} as const;

/** Firmware images of Debian's `qemu-efi-aarch64`. */
export const AAVMF = {
  uefi: { code: '/usr/share/AAVMF/AAVMF_CODE.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.fd' },
  secureboot: { code: '/usr/share/AAVMF/AAVMF_CODE.ms.fd', variables: '/usr/share/AAVMF/AAVMF_VARS.ms.fd' },
} as const;

/**
 * The firmware images of a machine, or `undefined` for a BIOS, which QEMU includes.
 * @throws FactoryError `usage` when the architecture has no BIOS
 */
export function firmwareImages({ arch = 'amd64', firmware }: Pick<Machine, 'arch' | 'firmware'>) {
  if (firmware !== 'bios') return (arch === 'arm64' ? AAVMF : OVMF)[firmware];
  if (ARCHITECTURES[arch].bios) return undefined;
  throw new FactoryError('ARCH_UNSUPPORTED', `${arch} machines have no BIOS`, {
    remedy: 'Choose --firmware uefi or secureboot.',
  });
}

/**
 * The architecture of an artifact, from its file name (docs/contract.md 6.10); `undefined` when the name has none.
 */
export function artifactArch(artifact: string): Arch | undefined {
  const parts = basename(artifact).split('-');
  return ARCHES.find((arch) => parts.includes(arch));
}

/**
 * The processor that QEMU 7.2 emulates. amd64 is `max` without the fast string operations: Linux clears memory with them, but
 * QEMU emulates them byte by byte, which took a third of the boot time. arm64 is an older processor, because on `max` the
 * agent occasionally crashes with a segmentation fault (docs/models.md).
 */
const EMULATED_CPU = { amd64: 'max,erms=off,fsrm=off', arm64: 'cortex-a72' } as const satisfies Record<
  Arch,
  string
>;

/** Parses the value of `--firmware`. @throws FactoryError `usage` when it is not a firmware */
export function parseFirmware(text: string): Firmware {
  const found = FIRMWARES.find((firmware) => firmware === text);
  if (found) return found;
  throw new FactoryError('OPTION_INVALID', `unknown firmware "${text}"${didYouMean(text, FIRMWARES)}`, {
    remedy: `Choose one of: ${FIRMWARES.join(', ')}.`,
  });
}

/** QEMU's name for the disk format of an artifact. @throws FactoryError `usage` when it is not bootable */
export function diskFormat(artifact: string): DiskFormat {
  const format = bootableFormat(artifact);
  if (format !== undefined) return format;
  throw new FactoryError('SOURCE_UNSUITABLE', `${artifact} is not bootable`, {
    remedy: `Give a file whose name ends in one of ${BOOTABLE_KINDS.map((kind) => `.${kind}`).join(', ')}.`,
  });
}

/**
 * The arguments to start QEMU with.
 * @param variables path of a private copy of the firmware's variables; required for UEFI
 * @param serial QEMU's name for the other end of the serial port: this terminal by default
 * @throws FactoryError `usage` when the artifact is not bootable, or the architecture has no BIOS
 */
export function qemuArguments(
  machine: Machine,
  variables: string | undefined,
  serial = 'mon:stdio',
): string[] {
  const secure = machine.firmware === 'secureboot';
  const arm = machine.arch === 'arm64';
  const cpu = machine.kvm ? 'max' : EMULATED_CPU[machine.arch ?? 'amd64'];
  const board = arm ? 'virt' : secure ? 'q35,smm=on' : 'q35';
  const args = ['-machine', board, '-cpu', cpu, '-accel', machine.kvm ? 'kvm' : 'tcg'];
  args.push('-m', String(machine.memory), '-smp', String(machine.cores), '-no-user-config', '-nodefaults');
  args.push('-display', 'none', '-serial', serial, '-device', 'virtio-rng-pci');
  const images = firmwareImages(machine);
  if (images) {
    const { code } = images;
    args.push('-drive', `if=pflash,unit=0,format=raw,readonly=on,file=${qemuPath(code)}`);
    args.push('-drive', `if=pflash,unit=1,format=raw,file=${qemuPath(variables ?? '')}`);
    if (secure && !arm) args.push('-global', 'driver=cfi.pflash01,property=secure,value=on');
  }
  const iso = machine.artifact.endsWith('.iso');
  // SeaBIOS tries only one disk, which is the installation target.
  const cdrom = machine.attachment === 'cdrom' || (iso && machine.target !== undefined);
  const readonly = cdrom || iso;
  const drive = `if=none,id=boot,format=${diskFormat(machine.artifact)},file=${qemuPath(machine.artifact)}`;
  args.push('-drive', `${drive}${readonly ? ',readonly=on' : machine.snapshot ? ',snapshot=on' : ''}`);
  if (machine.target !== undefined) {
    args.push('-drive', `if=none,id=target,format=qcow2,file=${qemuPath(machine.target)}`);
    args.push('-device', 'virtio-blk-pci,drive=target,bootindex=0');
  }
  // Cloud kernels have no driver for QEMU's IDE CD, but they have virtio-scsi.
  args.push(
    ...(cdrom
      ? ['-device', 'virtio-scsi-pci', '-device', 'scsi-cd,drive=boot,bootindex=1']
      : ['-device', 'virtio-blk-pci,drive=boot,bootindex=1']),
  );
  const forwards = (machine.forwards ?? []).map(
    ({ protocol, address, hostPort, guestPort }) =>
      `,hostfwd=${protocol}:${address}:${hostPort}-:${guestPort}`,
  );
  args.push('-netdev', `user,id=net${forwards.join('')}`, '-device', 'virtio-net-pci,netdev=net');
  return args;
}

/** A path as a value in an option of QEMU, which reads commas as separators: a doubled one is a comma. */
export function qemuPath(path: string): string {
  return path.replaceAll(',', ',,');
}
