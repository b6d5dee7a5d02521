import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Runner } from '../tools/runner.ts';
import { writeIso } from '../tools/xorriso.ts';
import { qemuPath } from './machine.ts';

/**
 * Writes a volume CIDATA with a cloud-config, which a system reads early in its boot (docs/contract.md 4.9).
 * @returns its path, in the directory
 */
export async function writeUserDataVolume(
  runner: Runner,
  directory: string,
  config: string,
): Promise<string> {
  const source = join(directory, 'user-data');
  await mkdir(directory, { recursive: true });
  // It may have a password hash.
  await writeFile(source, config, { mode: 0o600 });
  const volume = join(directory, 'cidata.iso');
  await writeIso(runner, volume, { volume: 'CIDATA', epoch: 0, entries: [['/user-data', source]] });
  return volume;
}

/** QEMU's arguments for a machine with the volume. */
export function volumeArguments(volume: string): string[] {
  const drive = `if=none,id=cidata,format=raw,readonly=on,file=${qemuPath(volume)}`;
  return ['-drive', drive, '-device', 'virtio-blk-pci,drive=cidata'];
}
