import type { Host } from '../../common/host/host.ts';
import { type CpioEntry, file } from './cpio.ts';

const FIRMWARE = '/lib/firmware';

/** Firmware that a module names. */
export interface NamedFirmware {
  readonly module: string;
  /** Its path below the directory of firmware. */
  readonly name: string;
}
/** Firmware that a module names and the image lacks. */
export type MissingFirmware = NamedFirmware;

/** Finds the firmware of modules where the kernel looks for it. The kernel itself decompresses it. */
export async function findFirmware(
  host: Host,
  kernel: string,
  wanted: readonly NamedFirmware[],
): Promise<{ readonly entries: readonly CpioEntry[]; readonly missing: readonly MissingFirmware[] }> {
  const found = new Map<string, CpioEntry>();
  for (const name of [...new Set(wanted.map((each) => each.name))].sort()) {
    const entry = await findOne(host, kernel, name);
    if (entry !== undefined) found.set(name, entry);
  }
  return { entries: [...found.values()], missing: wanted.filter(({ name }) => !found.has(name)) };
}

async function findOne(host: Host, kernel: string, name: string): Promise<CpioEntry | undefined> {
  const places = [`${FIRMWARE}/updates/${kernel}`, `${FIRMWARE}/updates`, `${FIRMWARE}/${kernel}`, FIRMWARE];
  for (const place of places) {
    for (const end of ['', '.xz', '.zst']) {
      const content = await host.readBytes(`${place}/${name}${end}`);
      if (content !== undefined) return file(`usr${place}/${name}${end}`, content);
    }
  }
  return undefined;
}

/** A sentence on missing firmware that names each module with the first of its files; empty when nothing is missing. */
export function firmwareNotice(missing: readonly MissingFirmware[]): string {
  if (missing.length === 0) return '';
  const modules = [...new Set(missing.map(({ module }) => module))].sort();
  const list = modules.map((module) => {
    const names = missing.filter((each) => each.module === module).map(({ name }) => name);
    const [first, ...more] = [...new Set(names)].sort();
    return `${module} (${first}${more.length === 0 ? '' : ` and ${more.length} more`})`;
  });
  return `the image lacks firmware that drivers of its initramfs name: ${list.join(', ')}. Add the package with it if a machine has such a device.`;
}
