import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../../src/factory/boot/forward.ts';
import { factory, TEST_HOME, testBuild } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { makeLoginKey } from '../support/ssh-nodes.ts';
import { tool } from '../support/tool.ts';
import { type Guest, startGuest } from './guest.ts';
import { pushLayout, pushWithFile } from './push-layout.ts';

const RELEASE_FILE = 'etc/kairos-release';
/** The host as a guest of QEMU's user network sees it. */
const HOST_IN_GUEST = '10.0.2.2';
const USER = 'tester';
/** Three boots and two upgrades of an emulated machine. */
const TIMEOUT = 3_600_000;

// A real node: its agent, sudo, reboots and the fallback of GRUB. The cases in between are in test/integration/rollout.test.ts.
describe.runIf(process.env['KAIROS_FACTORY_TEST_ALL'] === '1')(
  'a rollout to a machine (KAIROS_FACTORY_TEST_ALL=1)',
  () => {
    let directory: string;
    let registry: TestRegistry;
    let guest: Guest;
    let port: number;
    let v2: string;
    const file = () => join(directory, 'rollout.yaml');
    const rollout = (command: string, ...args: readonly string[]) =>
      factory(['rollout', command, file(), ...args]);
    const mode = () => guest.run('ls /run/cos/*_mode');

    async function describeRollout(tag: string): Promise<void> {
      const address = registry.host.replace('127.0.0.1', HOST_IN_GUEST);
      const spec = {
        image: `oci:${address}/fleet/os:${tag}`,
        ssh: { user: USER, identity: 'id', 'known-hosts': 'known_hosts' },
        nodes: [{ name: 'node-1', address: '127.0.0.1', port }],
        health: { commands: ['systemctl is-active ssh'] },
        limits: { upgrade: '40min', reboot: '40min', health: '15min' },
        // This machine reaches the registry by another name than the node.
        registries: [{ registry: address, mirrors: [registry.host], insecure: true }],
      };
      await writeFile(file(), stringify(spec));
    }

    beforeAll(async () => {
      directory = await mkdtemp(join(TEST_HOME, 'rollout-vm-'));
      registry = await startRegistry();
      const key = await makeLoginKey(directory);
      const config = join(directory, 'config.yaml');
      const users = [
        {
          name: USER,
          groups: ['admin'],
          ssh_authorized_keys: [(await readFile(`${key}.pub`, 'utf8')).trim()],
        },
      ];
      await writeFile(config, `#cloud-config\n${stringify({ hostname: 'node-1', users })}`);
      const { artifact } = await testBuild('bookworm', [
        ...['--artifact', 'raw', '--cloud-config', config, '--output', join(directory, 'v1')],
      ]);
      const shared = await testBuild();
      const first = await pushLayout(registry, shared.artifact('oci'), 'fleet/os', 'v1');
      const release = await tool('unsquashfs', '-cat', shared.artifact('squashfs'), RELEASE_FILE);
      const next = await pushWithFile(registry, 'fleet/os', {
        manifest: first.manifest,
        ...{
          tag: 'v2',
          file: { name: RELEASE_FILE, content: `${release.replaceAll('v1.2.3', 'v2.0.0')}\n` },
        },
      });
      v2 = next.digest;
      await pushWithFile(registry, 'fleet/os', {
        manifest: first.manifest,
        ...{ tag: 'broken', file: { name: 'usr/sbin/init', content: '#!/bin/sh\nexit 1\n', mode: 0o755 } },
      });
      const disk = join(directory, 'disk.qcow2');
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-b', artifact('raw'), '-F', 'raw', disk, '16G');
      port = await freePort();
      guest = await startGuest({
        ...{ artifact: disk, attachment: 'disk', firmware: 'bios', snapshot: false },
        forwards: [{ protocol: 'tcp', address: '127.0.0.1', hostPort: port, guestPort: 22 }],
      });
      await guest.login();
      expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
      const hostKey = await guest.run('cat /etc/ssh/ssh_host_ed25519_key.pub');
      await writeFile(
        join(directory, 'known_hosts'),
        `[127.0.0.1]:${port} ${hostKey.split(' ').slice(0, 2).join(' ')}\n`,
      );
    });
    afterAll(async () => {
      await guest?.[Symbol.asyncDispose]();
      await registry?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    });

    test('the node boots the digest of the plan from its active slot, and is healthy', {
      timeout: TIMEOUT,
    }, async () => {
      await describeRollout('v2');
      const plan = await rollout('plan');
      expect([plan.status, plan.stdout]).toEqual([
        0,
        expect.stringMatching(/node-1 +v1\.2\.3 .* from the active slot +upgrade/),
      ]);
      const { status, stdout, stderr } = await rollout('run', '--json');
      expect([status, stderr]).toEqual([0, expect.stringContaining('node-1: done')]);
      expect(JSON.parse(stdout)).toMatchObject({
        rollout: 'done',
        nodes: [{ name: 'node-1', phase: 'done', now: { slot: 'active', version: 'v2.0.0', digest: v2 } }],
      });
      await guest.rebooted();
      expect([await mode(), await guest.run('. /etc/kairos-release; echo $KAIROS_VERSION')]).toEqual([
        '/run/cos/active_mode',
        'v2.0.0',
      ]);
    });

    test('an image whose init dies: the node falls back, and the rollout says so', {
      timeout: TIMEOUT,
    }, async () => {
      await describeRollout('broken');
      expect((await rollout('plan')).status).toBe(0);
      const { status, stderr } = await rollout('run');
      expect([status, stderr]).toEqual([
        5,
        expect.stringMatching(
          /node-1: it fell back, because the first boot of the new system failed \(upgrade from v2\.0\.0 to v1\.2\.3 written 20.*\); it runs v2\.0\.0 .* from the passive slot/,
        ),
      ]);
      await guest.waitFor(/Attempted to kill init/);
      await guest.rebooted();
      expect(await mode()).toBe('/run/cos/passive_mode');
      expect((await rollout('status')).status).toBe(5);
    });
  },
);
