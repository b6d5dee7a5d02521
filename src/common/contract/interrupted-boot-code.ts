import { BOOT_CODE_SIZE } from './boot-loader.ts';

/** Where a BIOS loads the first sector of a disk. */
const LOAD_ADDRESS = 0x7c00;
/** Offset of the message's address in the code. */
const MESSAGE_OPERAND = 13;
const MESSAGE = [
  'The installation of this machine was interrupted: it has no system yet.',
  'Boot from the installation medium and install again.',
];

/**
 * Returns BIOS boot code that says that the machine has to be installed again. An installation writes it before the
 * partition table, and GRUB replaces it: a BIOS runs the first sector of a disk with a table, and hangs if that is empty.
 * @returns {@link BOOT_CODE_SIZE} bytes: 16-bit code that prints with interrupt 10h, function 0Eh, and continues with the
 *   next boot device with interrupt 18h (BIOS Boot Specification, appendix on INT 18h)
 */
export function interruptedBootCode(): Buffer {
  const code = [
    ...[0xfa], // cli
    ...[0x31, 0xc0], // xor ax, ax
    ...[0x8e, 0xd8], // mov ds, ax
    ...[0x8e, 0xd0], // mov ss, ax
    ...[0xbc, LOAD_ADDRESS & 0xff, LOAD_ADDRESS >> 8], // mov sp, 7C00h
    ...[0xfb], // sti
    ...[0xfc], // cld
    ...[0xbe, 0, 0], // mov si, the message
    ...[0xac], // next: lodsb
    ...[0x84, 0xc0], // test al, al
    ...[0x74, 0x09], // jz done
    ...[0xbb, 0x07, 0x00], // mov bx, 7
    ...[0xb4, 0x0e], // mov ah, 0Eh
    ...[0xcd, 0x10], // int 10h
    ...[0xeb, 0xf2], // jmp next
    ...[0xcd, 0x18], // done: int 18h
    ...[0xf4], // stop: hlt
    ...[0xeb, 0xfd], // jmp stop
  ];
  const at = LOAD_ADDRESS + code.length;
  code[MESSAGE_OPERAND] = at & 0xff;
  code[MESSAGE_OPERAND + 1] = at >> 8;
  const text = Buffer.from(`\r\n${MESSAGE.join('\r\n')}\r\n\0`, 'ascii');
  const sector = Buffer.alloc(BOOT_CODE_SIZE);
  sector.set(code);
  sector.set(text, code.length);
  return sector;
}
