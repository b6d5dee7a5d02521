import { constants } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHITECTURES } from './architectures.ts';

/** Common programs; the first that is an ELF file determines the architecture. */
const PROGRAMS = ['/bin/sh', '/bin/busybox', '/sbin/init', '/usr/bin/env', '/bin/ls', '/sbin/ldconfig'];
/** Directories of the dynamic loader, for roots without any of these programs. */
const LIBRARIES = ['/lib', '/lib64'];
const LOADER = /^(ld-linux.*|ld-musl.*|ld64)\.so\.\d+$/;
const HEADER = 20;

/**
 * Determines the architecture of a root's programs from the programs themselves, not from metadata.
 * @returns `amd64`, `arm64`, or `ELF machine N` for any other; `undefined` when no program is found
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

/** The architecture of a file in a root; `undefined` when it is missing or not an ELF file. */
async function elfArch(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  // Opening a pipe instead of a program must not block until there is a writer.
  const mode = constants.O_RDONLY | constants.O_NONBLOCK;
  const handle = file === undefined ? undefined : await open(file, mode).catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEADER), 0, HEADER, 0);
    if (bytesRead < HEADER || buffer.toString('latin1', 0, 4) !== '\x7fELF') return undefined;
    // gABI, "ELF Header": byte 5 is the byte order, the machine is at offset 18.
    const machine = buffer[5] === 2 ? buffer.readUInt16BE(18) : buffer.readUInt16LE(18);
    const known = Object.entries(ARCHITECTURES).find(([, { elf }]) => elf === machine);
    return known?.[0] ?? `ELF machine ${machine}`;
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}
