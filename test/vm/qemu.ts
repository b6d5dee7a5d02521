import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { QEMU } from '../../src/factory/tools/qemu.ts';
import { PROJECT } from '../support/factory.ts';

/** The root with a newer QEMU that `scripts/setup --test` bootstraps; it emulates faster than Debian bookworm's. */
const ROOT = join(PROJECT, '.tools/qemu');
const LIBRARIES = join(ROOT, 'usr/lib/x86_64-linux-gnu');

/** Without vector units, which programs would initialise and the kernel save, a boot takes a tenth less processor time. */
export const PLAIN_CPU = ['-cpu', 'max,erms=off,fsrm=off,svm=off,xsave=off,avx=off,avx2=off'];

/** A program and its leading arguments, which precede those of QEMU. */
export interface QemuCommand {
  readonly program: string;
  readonly arguments: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * The QEMU of test machines: for amd64 that of {@link ROOT}, if present, with the libraries and firmware of that root.
 * `KAIROS_FACTORY_TEST_QEMU=system` selects the host's QEMU, which the command `boot` always uses.
 */
export function testQemu(arch: 'amd64' | 'arm64' = 'amd64'): QemuCommand {
  const loader = join(LIBRARIES, 'ld-linux-x86-64.so.2');
  if (arch !== 'amd64' || process.env['KAIROS_FACTORY_TEST_QEMU'] === 'system' || !existsSync(loader))
    return { program: QEMU[arch].name, arguments: [], env: {} };
  const program = join(ROOT, 'usr/bin', QEMU.amd64.name);
  const firmware = ['qemu', 'seabios'].flatMap((name) => ['-L', join(ROOT, 'usr/share', name)]);
  return {
    program: loader,
    arguments: ['--library-path', LIBRARIES, program, ...firmware],
    env: { QEMU_MODULE_DIR: join(LIBRARIES, 'qemu') },
  };
}
