import type { ModuleSets } from './module-sets.ts';

const HEAD = `# Hardware of the initramfs

Written by \`npm run docs\` from \`modules.yaml\` of the initramfs. A test compares it with dracut: of all drivers for PCI, USB, HID
and other devices that dracut's generic image has for Debian's kernels, each is in the initramfs, in the archive of the network, or
left out below. \`test/fixtures/modules/\` lists the modules for each of these kernels.
`;

/** Renders docs/hardware.md: which devices the initramfs has drivers for, and which it leaves out, with the reason. */
export function hardwareReference({
  sets,
  'left-out': leftOut,
}: Pick<ModuleSets, 'sets' | 'left-out'>): string {
  const covered = sets
    .filter(({ hardware }) => hardware !== undefined)
    .map(({ name, hardware = '', archive, arches }) => [
      name,
      hardware,
      archive === 'main' ? (arches?.join(', ') ?? 'all') : 'boot over the network',
    ]);
  const out = leftOut.map(({ why, names }) => [names.map((name) => `\`${name}\``).join(', '), why]);
  return [
    HEAD,
    '## Covered\n',
    table(['set', 'devices', 'where'], covered),
    '## Left out\n',
    'Directories below those of the kernel, and names of modules. What another module depends on is included all the same. An\noverlay that replaces `/usr/lib/kairos/initramfs/modules.yaml` changes the list.\n',
    table(['drivers', 'why'], out),
  ].join('\n');
}

/** A Markdown table with columns of equal width. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[], fill = ' ') =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0, fill)).join(' | ')} |\n`;
  return [
    line(head),
    line(
      head.map(() => ''),
      '-',
    ),
    ...rows.map((row) => line(row)),
  ].join('');
}
