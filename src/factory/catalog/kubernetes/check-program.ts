import { open } from 'node:fs/promises';
import { FactoryError } from '../../../common/errors/factory-error.ts';

/** `e_machine` of each architecture's 64-bit little-endian programs (elf(5), psABI supplements). */
const MACHINES: Readonly<Record<string, number>> = { amd64: 62, arm64: 183, riscv64: 243 };

/**
 * Checks that a file is a program for the architecture of the image, or a script; it might be the error page of a proxy.
 * @param name name of the file in messages
 * @throws FactoryError `verification` when it is not
 */
export async function checkProgram(file: string, arch: string, name: string): Promise<void> {
  const handle = await open(file);
  const header = Buffer.alloc(20);
  try {
    await handle.read(header, 0, header.length, 0);
  } finally {
    await handle.close();
  }
  if (header.subarray(0, 2).toString('latin1') === '#!') return;
  if (header.subarray(0, 4).toString('latin1') !== '\x7fELF') {
    throw new FactoryError('PROGRAM_INVALID', `${name} is not a program: it starts with neither ELF nor #!`, {
      remedy: 'Give the program itself, not an archive or a web page.',
    });
  }
  const machine = header.readUInt16LE(18);
  // EI_CLASS 2 is 64 bits, EI_DATA 1 little-endian.
  if (header[4] === 2 && header[5] === 1 && machine === MACHINES[arch]) return;
  const found = Object.keys(MACHINES).find((key) => MACHINES[key] === machine);
  throw new FactoryError(
    'CONTENT_ARCH_MISMATCH',
    `${name} is a program for ${found ?? `machine ${machine}`}, but the image is for ${arch}`,
    { remedy: `Give the program for ${arch}.` },
  );
}
