/** Parts of a system, by the paths of their files; the first that matches counts. */
const PARTS: readonly (readonly [part: string, path: RegExp])[] = [
  [
    'kernel',
    /^boot\/(vmlinu[xz]|Image|System\.map|config)|^(usr\/)?lib\/modules\/[^/]+\/(vmlinu[xz]|System\.map|config)/,
  ],
  ['initramfs', /^boot\/(initrd|initramfs)/],
  ['modules', /^(usr\/)?lib\/modules\//],
  ['firmware', /^(usr\/)?lib\/firmware\//],
  ['boot loader', /^boot\/(grub2?|efi)\/|^usr\/(lib|share)\/(grub2?|shim|efi)\b/],
  ['agent', /^usr\/bin\/kairos-agent$|^usr\/lib\/kairos\/libc\/|^system\/discovery\//],
  ['framework', /^usr\/lib\/kairos\/|^system\/|^etc\/(cos|kairos)\//],
  ['Kubernetes', /^usr\/bin\/(k3s|k0s)$|^var\/lib\/(rancher|k0s)\//],
  ['package data', /^var\/(cache|lib\/(apt|dpkg|rpm))\/|^usr\/lib\/sysimage\/|^(usr\/)?lib\/apk\//],
  ['documentation', /^usr\/share\/(doc|man|info|locale|help|licenses)\//],
];
const REST = 'distribution';

/** Every part, in the order of the report. */
export const PART_NAMES: readonly string[] = [...PARTS.map(([part]) => part), REST];

/** The part of a system that a file belongs to. @param path without a leading slash */
export function partOfFile(path: string): string {
  return PARTS.find(([, pattern]) => pattern.test(path))?.[0] ?? REST;
}
