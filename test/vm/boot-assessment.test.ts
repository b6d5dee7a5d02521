import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { armAssessment, noteActiveSlot, passAssessment } from '../../src/agent/deploy/assessment.ts';
import { ASSESSMENT_HOOK, ASSESSMENT_SCRIPT } from '../../src/common/contract/boot-assessment.ts';
import { grubEnvironment } from '../../src/common/contract/grub-environment.ts';
import { systemHost } from '../../src/common/host/system-host.ts';
import { PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { testQemu } from './qemu.ts';

/** Holds the boot sectors and the BIOS boot partition of a disk, and no other partition. */
const BOOT_SECTORS = 2 * 1024 ** 2;
const MENU_TIMEOUT = 120_000;

/** A machine of which only GRUB runs: each slot says that it was booted, and the machine ends. */
describe('the boot assessment in GRUB', () => {
  let home: string;
  let state: string;
  const host = systemHost(() => undefined);
  const file = (name: string) => join(state, name);

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'menu-'));
    const { artifact } = await testBuild();
    await tool(
      'dd',
      `if=${artifact('raw')}`,
      `of=${join(home, 'boot.raw')}`,
      `bs=${BOOT_SECTORS}`,
      'count=1',
    );
  });
  afterAll(() => rm(home, { recursive: true, force: true }));

  /** A node that runs v1, and knows it. */
  beforeEach(async () => {
    state = await mkdtemp(join(home, 'state-'));
    await mkdir(file('cOS'));
    await mkdir(file('grub2'));
    const menu = await readFile(join(PROJECT, 'templates/image/common/etc/cos/grub.cfg'), 'utf8');
    await writeFile(file('grub2/grub.cfg'), menu.replace('timeout=10', 'timeout=0'));
    await writeFile(file('grubcustom'), ASSESSMENT_HOOK);
    await writeFile(file('grub_boot_assessment'), ASSESSMENT_SCRIPT);
    await writeFile(file('boot_assessment'), grubEnvironment({}));
    await writeFile(file('grubenv'), grubEnvironment({}));
    await writeSlot('v0', 'passive');
    await writeSlot('v1', 'active');
    await noteActiveSlot(host, state);
  });

  /** Makes a new filesystem, as every agent does. */
  async function writeSlot(version: string, slot: 'active' | 'passive'): Promise<void> {
    const root = join(home, `root-${version}`);
    await mkdir(join(root, 'etc/cos'), { recursive: true });
    const says = `echo "<\${label} ${version}\${extra_passive_cmdline}>"\nsleep 1\nreboot\n`;
    await writeFile(join(root, 'etc/cos/bootargs.cfg'), says);
    const image = file(`cOS/${slot}.img`);
    await rm(image, { force: true });
    await tool('mke2fs', '-q', '-t', 'ext2', '-L', `COS_${slot.toUpperCase()}`, '-d', root, image, '1M');
  }

  /** What upstream's agent does without its stages: it moves the slots, and selects the active one (docs/contract.md 2.3). */
  async function upstreamUpgrade(version: string, from: 'active' | 'passive' = 'active'): Promise<void> {
    if (from === 'active') {
      await rename(file('cOS/active.img'), file('cOS/passive.img'));
      await tool('tune2fs', '-L', 'COS_PASSIVE', file('cOS/passive.img'));
    }
    await writeSlot(version, 'active');
    await writeFile(file('grubenv'), grubEnvironment({ next_entry: 'cos' }));
  }

  /** What upstream's system does when it has booted. */
  async function upstreamPasses(): Promise<void> {
    for (const name of ['enable_boot_assessment', 'boot_assessment_tentative'])
      await tool('grub-editenv', file('boot_assessment'), 'set', `${name}=`);
  }

  /** Switches the machine on. @returns the slot that GRUB boots, and its version */
  async function boot(): Promise<string> {
    const disk = join(home, 'state.raw');
    await rm(disk, { force: true });
    await tool('mke2fs', '-q', '-t', 'ext4', '-b', '4096', '-L', 'COS_STATE', '-d', state, disk, '32M');
    const { program, arguments: first, env } = testQemu();
    const drives = [join(home, 'boot.raw'), disk].flatMap((path) => ['-drive', `format=raw,file=${path}`]);
    const args = [
      ...first,
      '-display',
      'none',
      '-serial',
      'stdio',
      '-monitor',
      'none',
      '-no-reboot',
      ...drives,
    ];
    const { stdout } = await execa(program, args, { env, stdin: 'ignore', timeout: MENU_TIMEOUT });
    for (const name of ['boot_assessment', 'grubenv'])
      await tool('debugfs', '-R', `dump /${name} ${file(name)}`, disk);
    return /<(COS_[^>]*)>/.exec(stdout)?.[1] ?? stdout.slice(-2000);
  }

  const FAILED = 'upgrade_failure';

  test('counts no boot of the system that the node knows', async () => {
    expect([await boot(), await boot()]).toEqual(['COS_ACTIVE v1', 'COS_ACTIVE v1']);
  });

  test("falls back after one failed boot of a system that upstream's agent put in place", async () => {
    await upstreamUpgrade('v2');
    expect([await boot(), await boot(), await boot()]).toEqual([
      'COS_ACTIVE v2',
      `COS_PASSIVE v1 ${FAILED}`,
      `COS_PASSIVE v1 ${FAILED}`,
    ]);
    // The passive system notes the failed one; the next upgrade is tried, and not taken for the failed one.
    await noteActiveSlot(host, state);
    expect(await boot()).toBe(`COS_PASSIVE v1 ${FAILED}`);
    await upstreamUpgrade('v3', 'passive');
    expect([await boot(), await boot()]).toEqual(['COS_ACTIVE v3', `COS_PASSIVE v1 ${FAILED}`]);
  });

  test.each([
    ['of ours', () => passAssessment(host, state)],
    ["of upstream, whose stages know nothing of the active slot's id", upstreamPasses],
  ])('ends when a system %s has booted', async (_, passes) => {
    await upstreamUpgrade('v2');
    expect(await boot()).toBe('COS_ACTIVE v2');
    await passes();
    expect([await boot(), await boot()]).toEqual(['COS_ACTIVE v2', 'COS_ACTIVE v2']);
  });

  test('waits for a boot that nobody directed elsewhere', async () => {
    await upstreamUpgrade('v2');
    await writeFile(file('grubenv'), grubEnvironment({ next_entry: 'fallback' }));
    expect([await boot(), await boot(), await boot()]).toEqual([
      'COS_PASSIVE v1',
      'COS_ACTIVE v2',
      `COS_PASSIVE v1 ${FAILED}`,
    ]);
  });

  test('is armed by our own agent, too', async () => {
    await armAssessment(host, state);
    expect([await boot(), await boot()]).toEqual(['COS_ACTIVE v1', `COS_PASSIVE v0 ${FAILED}`]);
  });
});
