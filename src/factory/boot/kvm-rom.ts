import type { Arch } from '../../common/contract/architectures.ts';

/** Firmware that ends the machine by itself. */
export interface TrialRom {
  readonly content: Uint8Array;
  /** What QEMU needs besides it. */
  readonly arguments: readonly string[];
  /** QEMU's exit status when the firmware has run to its end. */
  readonly status: number;
}

/** Size of the ROM: QEMU takes multiples of 64 KiB. */
const SIZE = 64 * 1024;
/** How often 64 KiB of memory are written: some milliseconds on a processor, a minute where each write is emulated. */
const ROUNDS = 1000;

/**
 * Writes memory in real mode, as every BIOS does, and ends through QEMU's device isa-debug-exit, whose exit status is
 * `value * 2 + 1`. Some hosts offer KVM and emulate real mode, so that a machine seems to hang.
 */
const X86 = [
  [0x31, 0xc0], // xor ax, ax
  [0xbe, ROUNDS & 0xff, ROUNDS >> 8], // mov si, ROUNDS
  [0xb9, 0x00, 0x80], // mov cx, 0x8000
  [0x31, 0xff], // xor di, di
  [0xba, 0x00, 0x10], // mov dx, 0x1000
  [0x8e, 0xc2], // mov es, dx
  [0xf3, 0xab], // rep stosw
  [0x4e], // dec si
  [0x75, 0xf1], // jnz to "mov cx"
  [0xb0, 0x10], // mov al, 0x10
  [0xba, 0xf4, 0x00], // mov dx, 0xf4
  [0xee], // out dx, al
  [0xf4], // hlt
].flat();
/** jmp F000:0000, at the first address that the processor executes. */
const X86_RESET = [0xea, 0x00, 0x00, 0x00, 0xf0];

/** Ends the machine through PSCI (Arm DEN0022, `SYSTEM_OFF`). */
const ARM = [
  0x52800100, // mov w0, #8
  0x72b08000, // movk w0, #0x8400, lsl #16
  0xd4000002, // hvc #0
  0x14000000, // b .
];

/** The firmware for an architecture. */
export function trialRom(arch: Arch): TrialRom {
  const content = new Uint8Array(SIZE);
  if (arch === 'arm64') {
    const view = new DataView(content.buffer);
    for (const [index, word] of ARM.entries()) view.setUint32(index * 4, word, true);
    return { content, arguments: ['-machine', 'virt'], status: 0 };
  }
  content.set(X86, 0);
  content.set(X86_RESET, SIZE - 16);
  return {
    content,
    arguments: ['-machine', 'q35', '-device', 'isa-debug-exit,iobase=0xf4,iosize=0x01'],
    status: 33,
  };
}
