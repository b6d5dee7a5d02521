import type { Host } from '../../common/host/host.ts';
import { type CpioEntry, file } from './cpio.ts';
import { readDecompressed } from './read-modules.ts';

/** Directory of the files, and the name that the kernel looks for (kernel documentation, x86/microcode). */
const VENDORS = [
  {
    directory: '/lib/firmware/intel-ucode',
    name: 'GenuineIntel.bin',
    pattern: /^[0-9a-f]{2}-[0-9a-f]{2}-[0-9a-f]{2}(\.(xz|zst))?$/,
  },
  {
    directory: '/lib/firmware/amd-ucode',
    name: 'AuthenticAMD.bin',
    pattern: /^microcode_amd.*\.bin(\.(xz|zst))?$/,
  },
];

/** The processors' microcode that the image has, which the kernel loads from the front of its initramfs. */
export async function microcode(host: Host): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const { directory, name, pattern } of VENDORS) {
    const names = (await host.list(directory)).filter((each) => pattern.test(each));
    if (names.length === 0) continue;
    const parts = await readDecompressed(
      host,
      names.map((each) => `${directory}/${each}`),
    );
    entries.push(file(`kernel/x86/microcode/${name}`, Buffer.concat(parts)));
  }
  return entries;
}
