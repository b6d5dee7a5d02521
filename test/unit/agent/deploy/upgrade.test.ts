import { copyFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import type { Host } from '../../../../src/agent/host/host.ts';
import { grubEnvironment, parseGrubEnvironment } from '../../../../src/layout/grub-environment.ts';
import { renderKairosRelease } from '../../../../src/layout/kairos-release.ts';
import { requiredDirectories } from '../../../../src/layout/system-layout.ts';
import { type TestHost, testHost } from '../support/test-host.ts';

const STATE = '/run/initramfs/cos-state';
const RELEASE = renderKairosRelease(
  {
    flavor: 'debian',
    flavorRelease: '12',
    family: 'debian',
    variant: 'core',
    arch: 'amd64',
    model: 'generic',
    version: 'v2.0.0',
  },
  'test',
);
const PROGRAMS = [
  ...['sh', 'kairos-agent', 'rsync', 'sudo', 'less', 'mount', 'grub2-editenv', 'mkfs.ext2', 'mkfs.ext4'],
  ...['mkfs.vfat', 'tune2fs'],
];

interface Machine {
  readonly booted?: 'COS_ACTIVE' | 'COS_PASSIVE';
  readonly assessment?: Readonly<Record<string, string>>;
  /** Called with the number of each step that changes something, before it. */
  readonly onStep?: (step: number) => void;
}

/** An installed node with an image to upgrade to; programs that handle filesystems are stand-ins that copy files. */
async function node({ booted = 'COS_ACTIVE', assessment = {}, onStep = () => undefined }: Machine = {}) {
  const image = Object.fromEntries([
    ...PROGRAMS.map((name) => [`/run/cos/slot/usr/bin/${name}`, '']),
    ...['/sbin/init', '/bin/sh', '/boot/vmlinuz', '/etc/cos/grub.cfg', '/etc/cos/bootargs.cfg'].map(
      (path) => [`/run/cos/slot${path}`, 'x'],
    ),
    ['/run/cos/slot/boot/initrd', '070701'],
    ['/run/cos/slot/etc/os-release', 'ID=debian\n'],
    ['/run/cos/slot/etc/kairos-release', RELEASE],
  ]);
  const host = await testHost({
    files: {
      ...image,
      '/proc/cmdline': `root=LABEL=${booted}`,
      '/proc/self/mounts': `/dev/vda5 ${STATE} ext4 ro 0 0\n/dev/vda3 /oem ext4 rw 0 0\n/dev/vda6 /usr/local ext4 rw 0 0\n`,
      [`${STATE}/cOS/active.img`]: 'old',
      [`${STATE}/cOS/passive.img`]: 'older',
      '/usr/local/next.img': 'new',
    },
    run: ({ program, args }) => {
      if (program === 'blkid') {
        const device = { COS_STATE: 'vda5', COS_OEM: 'vda3', COS_PERSISTENT: 'vda6' }[args[1] ?? ''];
        return device === undefined ? { status: 2 } : `/dev/${device}\n`;
      }
      if (program === 'cp') copyFileSync(host.resolve(args.at(-2) ?? ''), host.resolve(args.at(-1) ?? ''));
      return '';
    },
  });
  for (const directory of requiredDirectories([])) await host.makeDirectory(`/run/cos/slot${directory}`);
  await host.write('/oem/grubenv', grubEnvironment({ next_entry: 'cos' }));
  await host.write(`${STATE}/boot_assessment`, grubEnvironment(assessment));
  return { host, watched: watch(host, onStep) };
}

/** The same host, with a call before each step that changes the machine. */
function watch(host: TestHost, onStep: (step: number) => void): Host {
  let steps = 0;
  const before =
    <A extends unknown[], R>(method: (...args: A) => R) =>
    (...args: A): R => {
      onStep(++steps);
      return method(...args);
    };
  const { run, write, append, makeDirectory, remove, rename, chmod, sync, resolve } = host;
  return {
    ...host,
    run: before(run),
    write: before(write),
    append: before(append),
    makeDirectory: before(makeDirectory),
    remove: before(remove),
    rename: before(rename),
    chmod: before(chmod),
    sync: before(sync),
    // What is written through streams and handles begins with it.
    resolve: before(resolve),
  };
}

/** Which image the boot menu would take, as its menu and assessment script decide (contract 2.1, 2.3). */
async function nextBoot(
  host: Host,
): Promise<{ image: string | undefined; assessed: boolean; chosen: boolean }> {
  const variables = async (file: string) =>
    parseGrubEnvironment((await host.readBytes(file)) ?? Buffer.alloc(0));
  const marks = await variables(`${STATE}/boot_assessment`);
  const chosen = (await variables('/oem/grubenv')).has('next_entry');
  const assessed = marks.get('enable_boot_assessment') === 'yes' && !chosen;
  const fallback = assessed && marks.get('boot_assessment_tentative') === 'yes';
  const active = await host.readText(`${STATE}/cOS/active.img`);
  const passive = await host.readText(`${STATE}/cOS/passive.img`);
  return { image: fallback ? passive : (active ?? passive), assessed, chosen };
}

const REQUEST = { config: {}, source: 'file:/usr/local/next.img' };
const out = () => undefined;

describe('an upgrade', () => {
  test('makes the new image the active one, the old one passive, and has the first boot assessed', async () => {
    const { host } = await node();
    await using _ = host;
    await runUpgrade({ host, out }, REQUEST);
    expect(await nextBoot(host)).toEqual({ image: 'new', assessed: true, chosen: false });
    expect(await host.readText(`${STATE}/cOS/passive.img`)).toBe('old');
    expect(await host.list(`${STATE}/cOS`)).toEqual(['active.img', 'passive.img']);
    expect(host.commands()).toEqual(
      expect.arrayContaining([
        `e2fsck -f -n ${STATE}/cOS/transition.img`,
        `tune2fs -L COS_PASSIVE ${STATE}/cOS/passive.img`,
        `mount -o remount,ro ${STATE}`,
      ]),
    );
    expect(await host.readText('/usr/local/.kairos-state')).toContain(
      'last-active-source: file:/usr/local/next.img',
    );
  });

  test('clears the mark of an earlier one, or the new system would be passed over (kairos#4303)', async () => {
    const { host } = await node({
      assessment: { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' },
    });
    await using _ = host;
    await runUpgrade({ host, out }, REQUEST);
    expect(await nextBoot(host)).toEqual({ image: 'new', assessed: true, chosen: false });
  });

  test.each([
    { booted: 'COS_PASSIVE' as const },
    { assessment: { enable_boot_assessment: 'yes', boot_assessment_tentative: 'yes' } },
  ])('keeps the passive image when the active one is not known to work: %j', async (machine) => {
    const { host } = await node(machine);
    await using _ = host;
    await runUpgrade({ host, out }, REQUEST);
    expect(await host.readText(`${STATE}/cOS/passive.img`)).toBe('older');
  });

  test('refuses an image that is no OS, and leaves the node as it was', async () => {
    const { host } = await node();
    await using _ = host;
    await host.remove('/run/cos/slot/boot/vmlinuz');
    await expect(runUpgrade({ host, out }, REQUEST)).rejects.toMatchObject({ kind: 'verification' });
    expect(await nextBoot(host)).toEqual({ image: 'old', assessed: false, chosen: true });
    expect(await host.list(`${STATE}/cOS`)).toEqual(['active.img', 'passive.img']);
  });

  test('refuses to begin without a source, and beside another one', async () => {
    const { host } = await node();
    await using _ = host;
    await expect(runUpgrade({ host, out }, { config: {} })).rejects.toThrow(
      'nothing says what to upgrade to',
    );
    await host.write('/run/cos/kairos-agent.lock/pid', `${process.pid}\n`);
    await host.write(`/proc/${process.pid}/comm`, 'agent');
    await expect(runUpgrade({ host, out }, REQUEST)).rejects.toThrow(/is at work/);
  });

  test('cut off before any of its steps, leaves the old system or the new one, and a new one is assessed', async () => {
    let total = 0;
    {
      const { host, watched } = await node({ onStep: (step) => (total = step) });
      await using _ = host;
      await runUpgrade({ host: watched, out }, REQUEST);
    }
    expect(total).toBeGreaterThan(20);
    const outcomes = new Set<string | undefined>();
    for (let cutAt = 1; cutAt <= total; cutAt += 1) {
      const { host, watched } = await node({
        onStep: (step) => {
          // Nothing happens any more after a power cut, not even what would be done on the way out.
          if (step >= cutAt) throw new Error('the power went');
        },
      });
      await using _ = host;
      await runUpgrade({ host: watched, out }, REQUEST).catch(() => undefined);
      const { image, assessed } = await nextBoot(host);
      outcomes.add(image);
      expect([cutAt, image]).toEqual([cutAt, expect.stringMatching(/^(old|new)$/)]);
      if (image === 'new') expect([cutAt, assessed]).toEqual([cutAt, true]);
    }
    expect([...outcomes].sort()).toEqual(['new', 'old']);
  });
});
