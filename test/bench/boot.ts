/**
 * What the initramfs costs: our system with our initramfs and with dracut's, and Debian with the same packages and its own,
 * on their second boots, in turns. Prints a table and, with --json, the figures. Nothing here passes or fails.
 */
import { mkdir, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { loadFlavor } from '../../src/factory/catalog/flavors/load.ts';
import { select } from '../../src/factory/catalog/flavors/select.ts';
import { FLAVORS } from '../../src/factory/pipeline/project-files.ts';
import { buildDebian, OVERLAY, PROJECT, TEST_HOME } from '../support/factory.ts';
import { type Guest, startGuest } from '../vm/guest.ts';
import { median } from './measure.ts';

/** Boots are compared in turns, because what else the machine does changes with time. */
const BOOTS = Number(process.env['KAIROS_FACTORY_BENCH_BOOTS'] ?? 5);
const MIB = 1024 ** 2;
const NETWORK = join(PROJECT, 'templates/image/systemd-networkd');
/**
 * The clock of the machine counts 500 million instructions as a second, and goes on while the processor waits. So a boot takes as
 * long beside other work, and code that QEMU has to translate first costs what it costs a real processor.
 */
const CLOCK = ['-icount', 'shift=1'];
const DRACUT = 'extends: debian\ninitramfs: dracut\npackages:\n  initramfs: [dracut, dracut-live]\n';

const TITLES = {
  ours: 'ours',
  dracut: 'ours with the initramfs of dracut',
  plain: 'Debian with the same packages',
} as const;

/** A disk that has booted once, and how its kernel is started without a boot loader. */
interface System {
  readonly disk: string;
  readonly kernel: string;
  readonly initrd: string;
  readonly line: string;
  /** The device whose mount the kernel reports when the root is mounted. */
  readonly root: string;
}

/** Seconds of one boot, by the clock of the machine. */
interface Boot {
  /** From the start of the kernel to the start of the shell that a login leads to. */
  readonly prompt: number;
  /** From the start of the initramfs to the mount of the root. */
  readonly mounted: number;
  /** From there to the start of the system's own init. */
  readonly switched: number;
}

const home = await mkdtemp(join(TEST_HOME, 'bench-boot-'));
try {
  const systems = { ours: await ourSystem('ours'), dracut: await ourSystem('dracut'), plain: await plain() };
  const boots: Record<keyof typeof systems, Boot[]> = { ours: [], dracut: [], plain: [] };
  for (let run = 0; run < BOOTS; run += 1)
    for (const name of ['ours', 'dracut', 'plain'] as const) boots[name].push(await boot(systems[name]));
  const size = async ({ initrd }: System) => (await stat(initrd)).size / MIB;
  const figures = {
    ours: { ...middle(boots.ours), size: await size(systems.ours) },
    dracut: { ...middle(boots.dracut), size: await size(systems.dracut) },
    plain: { ...middle(boots.plain), size: await size(systems.plain) },
  };
  process.stdout.write(
    process.argv.includes('--json') ? `${JSON.stringify({ figures, boots }, null, 2)}\n` : report(figures),
  );
} finally {
  await execa('rm', ['-rf', home]);
}

function middle(boots: readonly Boot[]): Boot {
  const of = (name: keyof Boot) => median(boots.map((boot) => boot[name]));
  return { prompt: of('prompt'), mounted: of('mounted'), switched: of('switched') };
}

/** An image of ours, as a raw disk, which has grown its partitions and made its keys. */
async function ourSystem(name: 'ours' | 'dracut'): Promise<System> {
  const place = join(home, name);
  await mkdir(place);
  const flavor = join(place, 'flavor.yaml');
  await writeFile(flavor, name === 'ours' ? 'extends: debian\n' : DRACUT);
  const made = await buildDebian({
    output: join(place, 'out'),
    flavor,
    extra: ['--artifact', 'iso,raw'],
  });
  const [kernel, initrd] = [join(place, 'kernel'), join(place, 'initrd')];
  for (const [from, to] of [['kernel', kernel] as const, ['initrd', initrd] as const]) {
    const extract = ['-extract', `/boot/${from}`, to];
    await execa('xorriso', ['-osirrox', 'on', '-indev', made.artifact('iso'), ...extract]);
  }
  const disk = made.artifact('raw');
  await using guest = await startGuest({
    artifact: disk,
    attachment: 'disk',
    firmware: 'bios',
    snapshot: false,
  });
  await guest.login();
  // Keys that are not complete would be made again in each boot that is measured.
  await guest.run('systemctl is-system-running --wait; true');
  const line = (await guest.run('cat /proc/cmdline')).replace(
    /\bBOOT_IMAGE=\S+|\bquiet\b|\bloglevel=\d\b/g,
    '',
  );
  await powerOff(guest);
  return { disk, kernel, initrd, line, root: 'loop0' };
}

/**
 * Debian with the packages of the flavor, on one file system, with the initramfs that it makes itself; its cards ask for an
 * address, as in an image of ours.
 */
async function plain(): Promise<System> {
  const tree = join(home, 'plain');
  const target = { arch: 'amd64', releaseVersion: '12' };
  const { packages } = select(await loadFlavor(FLAVORS, 'debian'), target, { kernel: 'cloud' });
  const include = `--include=${[...packages, 'initramfs-tools'].join(',')}`;
  await execa('mmdebstrap', ['--quiet', '--variant=minbase', include, 'bookworm', tree]);
  for (const files of [OVERLAY, NETWORK])
    await execa('cp', ['-a', '--no-preserve=ownership', `${files}/.`, tree]);
  await execa('systemctl', ['--root', tree, 'enable', '--quiet', 'systemd-networkd']);
  await writeFile(join(tree, 'etc/fstab'), '/dev/vda / ext4 errors=remount-ro 0 1\n');
  const files = await readdir(join(tree, 'boot'));
  const [kernel, initrd] = ['vmlinuz-', 'initrd.img-'].map((start) =>
    join(tree, 'boot', files.find((file) => file.startsWith(start)) ?? start),
  );
  const disk = join(home, 'plain.raw');
  await execa('truncate', ['--size', '3G', disk]);
  await execa('mke2fs', ['-q', '-F', '-t', 'ext4', '-d', tree, disk]);
  const system = { disk, kernel: kernel ?? '', initrd: initrd ?? '', line: 'root=/dev/vda ro', root: 'vda' };
  await using guest = await start({ ...system, line: `${system.line} console=ttyS0` }, false);
  await guest.login();
  await guest.run('systemctl is-system-running --wait; true');
  await powerOff(guest);
  return { ...system, line: `${system.line} console=ttyS0` };
}

async function powerOff(guest: Guest): Promise<void> {
  guest.type('sync; systemctl poweroff\n');
  await guest.waitFor(/reboot: Power down/, 300_000);
}

function start({ disk, kernel, initrd, line }: System, snapshot: boolean): Promise<Guest> {
  // Everything that the kernel says, with its time.
  const append = `${line} loglevel=7 printk.time=1 systemd.log_target=kmsg`;
  const clock = snapshot ? CLOCK : [];
  const direct = ['-kernel', kernel, '-initrd', initrd, '-append', append, ...clock];
  return startGuest({ artifact: disk, attachment: 'disk', firmware: 'bios', snapshot }, direct);
}

async function boot(system: System): Promise<Boot> {
  await execa('cat', [system.disk], { stdout: 'ignore' });
  await using guest = await start(system, true);
  await guest.login();
  // Hundredths of a second from the start of the kernel to that of the shell.
  const prompt = Number(await guest.run('cut -d " " -f 22 /proc/$$/stat')) / 100;
  const text = guest.console();
  /** The time of the last line that matches, in seconds since the start of the kernel. */
  const at = (pattern: string) => {
    const found = [...text.matchAll(new RegExp(`\\[ *(\\d+\\.\\d+)\\] ${pattern}`, 'g'))].at(-1)?.[1];
    if (found === undefined) throw new Error(`the console has no line "${pattern}":\n${text}`);
    return Number(found);
  };
  const init = at('Run /init as init process');
  const root = at(`EXT4-fs \\(${system.root}\\): mounted filesystem`);
  return {
    prompt,
    mounted: root - init,
    switched: at('systemd\\[1\\]: systemd \\S+ running in system mode') - root,
  };
}

function report({
  ours,
  dracut,
  plain: debian,
}: Record<keyof typeof TITLES, Boot & { size: number }>): string {
  const rows = { ours, dracut, plain: debian };
  const ratio = (a: number, b: number) => (a / b).toFixed(2);
  return [
    `second boot, median of ${BOOTS}`.padEnd(42) +
      ['initramfs', 'mounted', 'switched', 'prompt'].map((word) => word.padStart(11)).join(''),
    ...(Object.keys(TITLES) as (keyof typeof TITLES)[]).map((name) => {
      const { size, mounted, switched, prompt } = rows[name];
      const cells = [
        `${size.toFixed(1)} MiB`,
        ...[mounted, switched, prompt].map((time) => `${time.toFixed(1)} s`),
      ];
      return TITLES[name].padEnd(42) + cells.map((cell) => cell.padStart(11)).join('');
    }),
    `init to root mounted, ours / dracut:      ${ratio(ours.mounted, dracut.mounted)} (goal: at most 0.2)`,
    `root mounted to switch, ours / dracut:    ${ratio(ours.switched, dracut.switched)}`,
    `kernel to prompt, ours / plain Debian:    ${ratio(ours.prompt, debian.prompt)} (goal: at most 1.1)`,
    '',
  ].join('\n');
}
