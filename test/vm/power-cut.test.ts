import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { randomNumbers } from '../support/random.ts';
import { tool } from '../support/tool.ts';
import { type Guest, startGuest } from './guest.ts';

/** Cuts of each operation. Every run has one cut in the life of a node, and replayed ones. */
const CUTS = Number(process.env['KAIROS_FACTORY_TEST_CUTS'] ?? 0);
const SEED = Number(process.env['KAIROS_FACTORY_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
const TIMEOUT = 900_000;
/** A machine without a result by then has hung. */
const BOOT_TIMEOUT = 400_000;
/** Time for preparing the machine, and for each cut and the boot after it. */
const timeout = (cuts: number) => TIMEOUT + cuts * 2 * BOOT_TIMEOUT;
/** Makes SeaBIOS use the serial console, too. */
const BIOS_ON_SERIAL = ['-machine', 'graphics=off'];

const PROMPT = /root@[\w-]+:~# /;
const INTERRUPTED = /The installation of this machine was interrupted/;
const NOTHING_TO_BOOT = /No bootable device/;

/** A machine at its prompt, as a snapshot in its disk; every cut starts from it. */
interface Frozen {
  readonly disk: string;
  readonly artifact: string;
  readonly isDisk: boolean;
  /** The operation to interrupt, and its duration in milliseconds. */
  readonly command: string;
  readonly duration: number;
}

/** Freezes a machine, then lets it run `command` to its end to measure how long that takes. */
async function freeze(guest: Guest, machine: Omit<Frozen, 'duration'>): Promise<Frozen> {
  // Ctrl-A C switches between the console and QEMU's monitor.
  guest.type('sync\n');
  guest.type('\x01csavevm ready\n');
  await guest.waitFor(/savevm ready[\s\S]*\(qemu\) $/, TIMEOUT);
  guest.type('\x01c\n');
  await guest.waitFor(PROMPT);
  const started = performance.now();
  const { status, output } = await guest.attempt(machine.command, TIMEOUT);
  const duration = performance.now() - started;
  expect([status, output]).toEqual([0, expect.any(String)]);
  await guest[Symbol.asyncDispose]();
  return { ...machine, duration };
}

/** Starts a copy of a snapshot, runs its command, and cuts the power after some milliseconds. */
async function cut(frozen: Frozen, copy: string, moment: number): Promise<void> {
  await copyFile(frozen.disk, copy);
  await using guest = await thaw(frozen, copy);
  guest.type('\n');
  await guest.waitFor(PROMPT);
  guest.type(`${frozen.command}\n`);
  await setTimeout(moment);
}

function thaw(frozen: Frozen, copy: string): Promise<Guest> {
  const machine = frozen.isDisk ? { artifact: copy } : { artifact: frozen.artifact, target: copy };
  return startGuest({ ...machine, attachment: 'disk', firmware: 'bios', snapshot: false }, [
    ...BIOS_ON_SERIAL,
    '-loadvm',
    'ready',
  ]);
}

/** The outcome of booting a machine from a disk. */
async function outcome(disk: string): Promise<string> {
  await using guest = await startGuest(
    { artifact: disk, attachment: 'disk', firmware: 'bios', snapshot: false },
    BIOS_ON_SERIAL,
  );
  await guest.waitFor(
    new RegExp([PROMPT, INTERRUPTED, NOTHING_TO_BOOT].map((each) => each.source).join('|')),
    BOOT_TIMEOUT,
  );
  const text = guest.console();
  if (INTERRUPTED.test(text)) return 'says that it has to be installed again';
  if (NOTHING_TO_BOOT.test(text)) return 'has nothing to boot yet';
  await guest.run('dmesg --console-off');
  const mode = await guest.run('ls /run/cos/*_mode');
  const version = await guest.run('. /etc/kairos-release; echo $KAIROS_VERSION');
  return `${mode.replace(/.*\/(\w+)_mode/, '$1')} ${version}`;
}

async function cutMany(frozen: Frozen, count: number, random: () => number): Promise<string[]> {
  const copy = frozen.disk.replace(/\.qcow2$/, '.cut.qcow2');
  const outcomes: string[] = [];
  for (let number = 1; number <= count; number += 1) {
    const moment = Math.round(random() * frozen.duration);
    await cut(frozen, copy, moment);
    const result = await outcome(copy);
    outcomes.push(result);
    process.stderr.write(`cut ${number} after ${moment} of ${Math.round(frozen.duration)} ms: ${result}\n`);
  }
  return outcomes;
}

describe.runIf(CUTS > 0)(`power cuts at random moments, seed ${SEED}`, () => {
  let directory: string;
  let build: TestBuild;
  const random = randomNumbers(SEED);

  beforeAll(async () => {
    directory = await mkdtemp(join(TEST_HOME, 'cuts-'));
    build = await testBuild();
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  test(
    'of an upgrade leave the old system or the new one',
    async () => {
      const disk = join(directory, 'node.qcow2');
      await tool(
        'qemu-img',
        'create',
        '-q',
        '-f',
        'qcow2',
        '-b',
        build.artifact('qcow2'),
        '-F',
        'qcow2',
        disk,
        '16G',
      );
      const guest = await startGuest(
        { artifact: disk, attachment: 'disk', firmware: 'bios', snapshot: false },
        BIOS_ON_SERIAL,
      );
      await guest.login();
      await guest.run('cp --sparse=always /run/initramfs/cos-state/cOS/active.img /usr/local/next.img');
      await guest.run(
        'mount -o loop /usr/local/next.img /mnt && sed -i s/v1.2.3/v2.0.0/ /mnt/etc/kairos-release; umount /mnt; sync',
      );
      const command = 'kairos-agent upgrade --source file:/usr/local/next.img';
      const frozen = await freeze(guest, { disk, artifact: disk, isDisk: true, command });
      const cuts = await cutMany(frozen, CUTS, random);
      expect(cuts).toHaveLength(CUTS);
      for (const result of cuts)
        expect(['active v1.2.3', 'passive v1.2.3', 'active v2.0.0']).toContain(result);
    },
    timeout(CUTS),
  );

  test(
    'of an installation leave a node, or a disk that says that it is not one',
    async () => {
      const disk = join(directory, 'target.qcow2');
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '16G');
      const guest = await startGuest(
        {
          artifact: build.artifact('iso'),
          target: disk,
          attachment: 'disk',
          firmware: 'bios',
          snapshot: false,
        },
        BIOS_ON_SERIAL,
      );
      await guest.login();
      await guest.run('systemctl stop kairos-installer');
      const config =
        '#cloud-config\\ninstall:\\n  device: auto\\nusers:\\n- name: tester\\n  groups: [admin]\\n';
      await guest.run(`printf '${config}' >/root/config.yaml`);
      const command = 'kairos-agent manual-install /root/config.yaml';
      const artifact = build.artifact('iso');
      const frozen = await freeze(guest, { disk, artifact, isDisk: false, command });
      const cuts = await cutMany(frozen, CUTS, random);
      expect(cuts).toHaveLength(CUTS);
      const plain = ['says that it has to be installed again', 'has nothing to boot yet'];
      for (const result of cuts) expect(['active v1.2.3', ...plain]).toContain(result);
    },
    timeout(CUTS),
  );
});
