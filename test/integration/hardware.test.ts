import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { moduleName, parseModuleIndex } from '../../src/agent/initramfs/module-index.ts';
import { ModuleSets } from '../../src/agent/initramfs/module-sets.ts';
import { isLeftOut, selectionFor, selectModules } from '../../src/agent/initramfs/select-modules.ts';
import { type DebianKernel, debianKernel, dracutModules } from '../support/debian-kernels.ts';
import { PROJECT } from '../support/factory.ts';

const SETS = join(PROJECT, 'templates/image/initramfs/usr/lib/kairos/initramfs/modules.yaml');
/** Aliases of devices. The others are names that programs or the kernel ask for: filesystems, ciphers, protocols. */
// Those of processors choose faster code.
const DEVICE =
  /^(acpi|auxiliary|dmi|hdaudio|hid|i2c|ieee1394|mdio|mei|mmc|of|pci|pcmcia|platform|scsi|sdio|serio|spi|ssb|ssam|surface|tbsvc|typec|usb|virtio|vmbus|xen|xen-backend|ishtp)\*?:/;
/** PCI classes (PCI Code and ID Assignment) and USB classes that drivers name instead of devices. */
const CLASSES = [
  /^pci:v\*d\*sv\*sd\*bc01/i,
  /^pci:v\*d\*sv\*sd\*bc08sc05/i,
  /^pci:v\*d\*sv\*sd\*bc0Csc0[03]/i,
  /^usb:v\*p\*d\*dc\*dsc\*dp\*ic08/,
  /^usb:v\*p\*d\*dc\*dsc\*dp\*ic03/,
];

async function readKernel({ modules }: DebianKernel) {
  const read = (name: string) => readFile(join(modules, name), 'utf8');
  const index = parseModuleIndex({
    dep: await read('modules.dep'),
    softdep: await read('modules.softdep'),
    builtin: await read('modules.builtin'),
    alias: await read('modules.alias'),
  });
  const sets = ModuleSets.parse(parse(await readFile(SETS, 'utf8')));
  const select = (archive: 'main' | 'network') =>
    selectModules(index, selectionFor(sets, { arch: 'amd64', archive })).map(moduleName);
  const main = [...new Set(select('main'))].sort();
  const network = [...new Set(select('network'))].filter((name) => !main.includes(name)).sort();
  return { index, main, network, leftOut: sets['left-out'].flatMap(({ names }) => names) };
}

test.each([
  ['bookworm', 'amd64'],
  ['bookworm', 'cloud-amd64'],
  ['trixie', 'amd64'],
  ['trixie', 'cloud-amd64'],
])('Debian %s with the kernel %s has the modules of its golden list', async (suite, flavor) => {
  const { main, network } = await readKernel(await debianKernel(suite, flavor));
  const text = `# /boot/initrd\n${main.join('\n')}\n\n# /boot/initrd-network\n${network.join('\n')}\n`;
  await expect(text).toMatchFileSnapshot(join(PROJECT, `test/fixtures/modules/${suite}-${flavor}.txt`));
});

describe.each(['bookworm', 'trixie'])('Debian %s with the generic kernel', (suite) => {
  test('has each driver for devices that dracut has, or leaves it out with a reason', async () => {
    const kernel = await debianKernel(suite, 'amd64');
    const { index, main, network, leftOut } = await readKernel(kernel);
    const ours = new Set([...main, ...network]);
    const drivers = new Set(
      index.aliases.filter(({ pattern }) => DEVICE.test(pattern)).map(({ name }) => moduleName(name)),
    );
    const theirs = await dracutModules(kernel);
    // All of the archive's kernels have this many; a selection that failed has none.
    expect(theirs.length).toBeGreaterThan(900);
    const missing = theirs.filter(
      (path) => drivers.has(moduleName(path)) && !ours.has(moduleName(path)) && !isLeftOut(path, leftOut),
    );
    expect(missing.sort()).toEqual([]);
  });

  test('has the drivers of whole classes of storage, hosts and keyboards', async () => {
    const { index, main } = await readKernel(await debianKernel(suite, 'amd64'));
    const wanted = index.aliases.filter(({ pattern }) => CLASSES.some((one) => one.test(pattern)));
    expect(wanted.length).toBeGreaterThan(5);
    expect(wanted.map(({ name }) => moduleName(name)).filter((name) => !main.includes(name))).toEqual([]);
  });
});
