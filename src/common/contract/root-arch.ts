import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHITECTURES } from './architectures.ts';

/** Programs that every root has some of; the first that is an ELF file tells. */
const PROGRAMS = ['/bin/sh', '/bin/busybox', '/sbin/init', '/usr/bin/env', '/bin/ls', '/sbin/ldconfig'];
/** Where a dynamic loader or the C library lies, for roots with none of those. */
const LIBRARIES = ['/lib', '/lib64'];
const LOADER = /^(ld-linux.*|ld-musl.*|ld64)\.so\.\d+$/;
const HEADER = 20;

/**
 * The architecture that the programs of a root are for, told by the programs themselves and not by what somebody wrote
 * beside them.
 * @returns `amd64`, `arm64`, or `ELF machine N` for any other; `undefined` when the root has none of the programs
 */
export async function rootArch(root: string): Promise<string | undefined> {
  for (const program of PROGRAMS) {
    const found = await elfArch(root, program);
    if (found !== undefined) return found;
  }
  for (const directory of LIBRARIES) {
    const path = await resolveInRoot(root, directory);
    const names = path === undefined ? [] : await readdir(path).catch(() => []);
    for (const name of names.filter((candidate) => LOADER.test(candidate)).sort()) {
      const found = await elfArch(root, join(directory, name));
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

/** The architecture of a file of a root, or `undefined` when it is missing or no ELF file. */
async function elfArch(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  // A pipe in the place of a program must not make us wait for a writer.
  const mode = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = file === undefined ? undefined : await open(file, mode).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER), 0, HEADER, 0);
    if (bytesRead < HEADER || buffer.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
    // gABI, "ELF Header": byte 5 is the order of bytes, the machine stands at 18.
    const machine = buffer[5] === 2 ? buffer.readUInt16BE(18) : buffer.readUInt16LE(18);
    const known = Object.entries(ARCHITECTURES).find(([, { elf }]) => elf === machine);
    return known?.[0] ?? `ELF machine ${machine}`;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
