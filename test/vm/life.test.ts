import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { generateKeyPair, signBundle, signClassic } from '../support/cosign.ts';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { tool } from '../support/tool.ts';
import { type Guest, startGuest } from './guest.ts';
import { pushLayout, pushLike, pushWithFile } from './push-layout.ts';

const SSH_KEY =
  'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKz0VgJLz0Mvr3oQWkTe7lFyQhc2pOIkC2x0Ck1Bo6Zz test@example';
const RELEASE_FILE = 'etc/kairos-release';
/** In milliseconds; writing a system takes longer in such a machine. */
const WRITING = 20_000;
/** The host as a guest of QEMU's user network sees it. */
const HOST_IN_GUEST = '10.0.2.2';
const INSTALL_TIMEOUT = 900_000;
const UPGRADE_TIMEOUT = 900_000;

/** The whole life of a node on one disk: each test continues where the previous one left the machine. */
describe('the life of a node', () => {
  let directory: string;
  let registry: TestRegistry;
  let guest: Guest;
  /** Switches the machine on. */
  let start: () => Promise<Guest>;
  let repository: string;
  const source = (tag: string) => `oci:${repository}:${tag}`;
  const mode = () => guest.run('ls /run/cos/*_mode');
  const version = () => guest.run('. /etc/kairos-release; echo $KAIROS_VERSION');
  const summary = () => guest.run('kairos-agent state summary');
  const upgrade = (args: string) => {
    const command = `kairos-agent upgrade --allow-insecure-registries ${args}`;
    return guest.attempt(command, UPGRADE_TIMEOUT);
  };
  /** The state that must not change when an upgrade is refused. */
  const disk = () =>
    guest.run('cd /run/initramfs/cos-state; find . -type f -printf "%p %s %T@\\n" | sort; cd');

  beforeAll(async () => {
    directory = await mkdtemp(join(TEST_HOME, 'life-'));
    registry = await startRegistry();
    repository = `${registry.host.replace('127.0.0.1', HOST_IN_GUEST)}/fleet/os`;
    const release = await generateKeyPair(directory, 'release');
    const other = await generateKeyPair(directory, 'other');

    const config = join(directory, 'config.yaml');
    await writeFile(
      config,
      `#cloud-config\n${stringify(nodeConfig(repository, await readFile(release.publicKey, 'utf8')))}`,
    );
    const { artifact } = await testBuild('bookworm', [
      ...['--artifact', 'iso', '--cloud-config', config, '--output', join(directory, 'v1')],
    ]);
    const shared = await testBuild();
    const local = `${registry.host}/fleet/os`;
    const first = await pushLayout(registry, shared.artifact('oci'), 'fleet/os', 'v1');
    const { manifest, digest } = await pushWithFile(registry, 'fleet/os', {
      manifest: first.manifest,
      tag: 'v2',
      file: { name: RELEASE_FILE, content: await nextRelease(shared.artifact('squashfs')) },
    });
    await signBundle(directory, release, `${local}@${digest}`);
    const like = (tag: string) => pushLike(registry, manifest, 'fleet/os', tag);
    await like('unsigned');
    await signBundle(directory, other, `${local}@${await like('other-key')}`);
    await signClassic(directory, release, `${local}@${await like('classic')}`);
    // Correctly signed, but then its layer is changed in the registry's storage.
    const tampered = await registry.pushImage('fleet/os', 'a layer', 'tampered');
    await signBundle(directory, release, `${local}@${tampered}`);
    await changeLayer(registry, tampered);

    const target = join(directory, 'disk.qcow2');
    await tool('qemu-img', 'create', '-q', '-f', 'qcow2', target, '16G');
    start = () => startGuest({ artifact: artifact('iso'), attachment: 'disk', firmware: 'bios', target });
    guest = await start();
  });
  afterAll(async () => {
    await guest?.[Symbol.asyncDispose]();
    await registry?.[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  test('installs from the ISO to the empty disk, and reboots into the active system', async () => {
    await guest.waitFor(/reboot: Restarting system/, INSTALL_TIMEOUT);
    await guest.rebooted();
    expect(await mode()).toBe('/run/cos/active_mode');
    expect(await version()).toBe('v1.2.3');
    expect(
      await guest.run('systemctl is-system-running --wait; systemctl --failed --plain --no-legend'),
    ).toBe('running');
  });

  test('is configured by its cloud-config: user, key, host name, files, stages', async () => {
    expect(await guest.run('hostname')).toBe('node-1');
    expect(await guest.run('id -nG tester')).toContain('admin');
    expect(await guest.run('cat /home/tester/.ssh/authorized_keys')).toBe(SSH_KEY);
    expect(await guest.run('sudo -u tester sudo -n id -u')).toBe('0');
    expect(await guest.run('cat /etc/greeting; stat -c %a /etc/greeting')).toBe('hello node-1\n640');
    expect(await guest.run('cat /run/stage-boot')).toBe('boot');
    expect(await guest.run('stat -c "%a %U" /oem/90_custom.yaml')).toBe('640 root');
    expect(await guest.run('kairos-agent state get kairos.version')).toBe('v1.2.3');
    expect(await guest.run('grep first-install: /usr/local/.kairos-state')).toMatch(/first-install: 20/);
  });

  test.each([
    ['unsigned', /is not signed/],
    ['other-key', /unknown key/],
    ['tampered', /digest/],
  ])('refuses an upgrade to the image "%s", and leaves the disk unchanged', async (tag, message) => {
    const before = await disk();
    const { status, output } = await upgrade(`--source ${source(tag)}`);
    expect([status, output]).toEqual([5, expect.stringMatching(message)]);
    // The download of a signed image may stay for the next attempt; no image file may have changed.
    expect(await disk()).toBe(before);
  });

  // More cuts, also of an installation and at the end of an upgrade: power-cut.test.ts, and node-cuts.test.ts without a machine.
  test('loses its power while it writes the new system, and starts the old one', async () => {
    guest.type(`kairos-agent upgrade --allow-insecure-registries --source ${source('v2')}\n`);
    await guest.waitFor(/Writing the new system/, UPGRADE_TIMEOUT);
    const moment = Math.round(Math.random() * WRITING);
    process.stderr.write(`the power is cut after ${moment} ms of writing\n`);
    await setTimeout(moment);
    await guest[Symbol.asyncDispose]();
    guest = await start();
    await guest.login();
    expect([await mode(), await version()]).toEqual(['/run/cos/active_mode', 'v1.2.3']);
  });

  test('upgrades to a signed image: the new system is active, the old one passive', async () => {
    const { status, output } = await upgrade(`--source ${source('v2')}`);
    expect([status, output]).toEqual([0, expect.stringContaining('was upgraded; reboot to start it')]);
    expect(await summary()).toMatch(
      /running +v1\.2\.3, the active[\s\S]*from v1\.2\.3 to v2\.0\.0[\s\S]*PENDING/,
    );
    await guest.reboot();
    expect([await mode(), await version()]).toEqual(['/run/cos/active_mode', 'v2.0.0']);
    expect(await summary()).toMatch(
      /active +v2\.0\.0 +sha256:[0-9a-f]{12} .*\npassive +v1\.2\.3 [\s\S]*has booted/,
    );
    // The prompt can precede the end of the stage boot, which makes the users (docs/contract.md 5.9).
    expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
    expect(await guest.run('id -nG tester; hostname')).toMatch(/admin[\s\S]*node-1/);
    const marks = await guest.run('grub2-editenv /run/initramfs/cos-state/boot_assessment list');
    expect(marks).toBe(`boot_assessment_slot=${await guest.run('findmnt -no UUID /')}`);
    expect(
      await guest.run(
        'mount -o loop,ro /run/initramfs/cos-state/cOS/passive.img /mnt && grep KAIROS_VERSION= /mnt/etc/kairos-release; umount /mnt',
      ),
    ).toBe('KAIROS_VERSION="v1.2.3"');
  });

  test('shows a broken configuration and a failed step at logins, in a failed unit and in doctor', async () => {
    const { status, output } = await guest.attempt('kairos-agent doctor');
    expect([status, output]).toEqual([0, expect.stringContaining('no step failed')]);
    await guest.run(
      'printf "#cloud-config\\nstages: [\\n" >/oem/80_broken.yaml; printf "#cloud-config\\nstages: {boot: [{name: web, commands: [\'false hush\']}]}\\n" >/oem/85_failing.yaml',
    );
    await guest.reboot();
    expect(await guest.run('systemctl is-system-running --wait')).toBe('degraded');
    expect(await guest.run('systemctl --failed --plain --no-legend')).toMatch(
      /^kairos-configuration\.service /,
    );
    const motd = await guest.run('cat /run/motd.d/* /etc/motd.d/* 2>/dev/null');
    expect(motd).toMatch(
      /\/oem\/80_broken\.yaml:\d+:\d+\n[\s\S]*step "85_failing\.yaml\.web" of boot: commands/,
    );
    expect(motd).not.toContain('hush');
    const found = await guest.attempt('kairos-agent doctor stages');
    expect([found.status, found.output]).toEqual([
      5,
      expect.stringContaining('journalctl -b -u cos-setup-boot'),
    ]);
    await guest.run(
      'rm /oem/8*.yaml; for s in initramfs fs boot network; do kairos-agent run-stage $s; done',
    );
    expect(await guest.run('systemctl restart kairos-configuration; systemctl is-system-running')).toBe(
      'running',
    );
    expect(await guest.run('ls /etc/motd.d')).not.toContain('kairos-configuration');
  });

  test('falls back from an image whose init dies, and reports it', async () => {
    await brokenImage(
      guest,
      'rm -f /mnt/sbin/init; printf "#!/bin/sh\\nexit 1\\n" >/mnt/sbin/init; chmod 755 /mnt/sbin/init',
    );
    const { status, output } = await upgrade('--source file:/usr/local/broken.img');
    expect([status, output]).toEqual([0, expect.stringContaining('was upgraded')]);
    guest.type('systemctl reboot\n');
    await guest.waitFor(/Attempted to kill init/, INSTALL_TIMEOUT);
    await guest.rebooted();
    expect([await mode(), await version()]).toEqual(['/run/cos/passive_mode', 'v2.0.0']);
    expect(await guest.run('findmnt -no LABEL / || blkid -o value -s LABEL $(findmnt -no SOURCE /)')).toBe(
      'COS_PASSIVE',
    );
    expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
    expect(await guest.run('ls /run/cos/upgrade_failure; cat /etc/issue.d/00-upgrade-failure.issue')).toMatch(
      /upgrade_failure\nTHE LAST UPGRADE FAILED/,
    );
    expect(await summary()).toMatch(/running +v2\.0\.0, the passive system[\s\S]*FELL BACK/);
    const { status: unhealthy, output: found } = await guest.attempt('kairos-agent doctor slots');
    expect([unhealthy, found]).toEqual([5, expect.stringContaining('did not boot')]);
  });

  test('returns to an active system with an upgrade from the fallback, signed in the classic format', async () => {
    const { status, output } = await upgrade(`--source ${source('classic')}`);
    expect([status, output]).toEqual([0, expect.stringContaining('was upgraded')]);
    const recovery = await upgrade('--recovery --source file:/run/initramfs/cos-state/cOS/passive.img');
    expect([recovery.status, recovery.output]).toEqual([
      0,
      expect.stringContaining('recovery system was upgraded'),
    ]);
    await guest.reboot();
    expect([await mode(), await version()]).toEqual(['/run/cos/active_mode', 'v2.0.0']);
  });

  test('merges a system extension into the running system', async () => {
    await guest.run(
      'mkdir -p /usr/local/ext/usr/bin /usr/local/ext/usr/lib/extension-release.d; . /etc/os-release; printf "ID=%s\\nVERSION_ID=%s\\n" $ID $VERSION_ID >/usr/local/ext/usr/lib/extension-release.d/extension-release.hello; printf "#!/bin/sh\\necho extended\\n" >/usr/local/ext/usr/bin/hello; chmod 755 /usr/local/ext/usr/bin/hello',
    );
    await guest.run('mke2fs -q -t ext4 -d /usr/local/ext /usr/local/hello.raw 20M');
    const installed = await guest.attempt('kairos-agent sysext install file:/usr/local/hello.raw');
    expect([installed.status, installed.output]).toEqual([0, expect.anything()]);
    const enabled = await guest.attempt('kairos-agent sysext enable hello --common --now');
    expect([enabled.status, enabled.output]).toEqual([0, expect.anything()]);
    expect(await guest.run('hello')).toBe('extended');
  });

  test('resets from recovery: discards persistent data, keeps the configuration', async () => {
    await guest.run('echo data >/usr/local/data; kairos-agent bootentry --select statereset; sync');
    guest.type('systemctl reboot\n');
    await guest.waitFor(/GRUB|Linux version/, INSTALL_TIMEOUT);
    await guest.waitFor(/reboot: Restarting system/, INSTALL_TIMEOUT);
    await guest.rebooted();
    expect([await mode(), await version()]).toEqual(['/run/cos/active_mode', 'v2.0.0']);
    expect(await guest.run('ls /usr/local/data')).toMatch(/No such file/);
    expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
    expect(await guest.run('hostname; id -nG tester')).toMatch(/node-1\n.*admin/);
    expect(await guest.run('grep last-reset: /usr/local/.kairos-state')).toMatch(/last-reset: 20/);
  });
});

function nodeConfig(repository: string, key: string): object {
  const policy = { repositories: [{ match: repository, keys: ['release.pub'] }] };
  return {
    hostname: 'node-1',
    install: { auto: true, device: 'auto', reboot: true },
    users: [{ name: 'tester', groups: ['admin'], ssh_authorized_keys: [SSH_KEY] }],
    stages: {
      initramfs: [
        {
          name: 'files',
          files: [
            { path: '/etc/greeting', content: 'hello {{ .Values.node.hostname }}\n', permissions: 0o640 },
            { path: '/etc/kairos/trust/policy.yaml', content: stringify(policy) },
            { path: '/etc/kairos/trust/release.pub', content: key },
          ],
        },
      ],
      boot: [{ name: 'mark', commands: ['echo boot >/run/stage-boot'] }],
    },
  };
}

/** The release file of the next version of an image. */
async function nextRelease(squashfs: string): Promise<string> {
  const release = await tool('unsquashfs', '-cat', squashfs, RELEASE_FILE);
  expect(release).toContain('v1.2.3');
  return `${release.replaceAll('v1.2.3', 'v2.0.0')}\n`;
}

/** An image like the running one, damaged by a command that finds its tree at /mnt. */
async function brokenImage(guest: Guest, spoil: string): Promise<void> {
  const running = (await guest.run('ls /run/cos/*_mode')).includes('active') ? 'active' : 'passive';
  await guest.run(
    `cp --sparse=always /run/initramfs/cos-state/cOS/${running}.img /usr/local/broken.img && mount -o loop /usr/local/broken.img /mnt && { ${spoil}; umount /mnt; }`,
  );
}

async function changeLayer(registry: TestRegistry, image: string): Promise<void> {
  const answer = await registry.get(`fleet/os/manifests/${image}`);
  const { layers } = (await answer.json()) as { layers: { digest: string }[] };
  const hex = layers[0]?.digest.replace('sha256:', '') ?? '';
  const data = join(registry.storage, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data');
  await writeFile(data, 'A LAYER');
}
