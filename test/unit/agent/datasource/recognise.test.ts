import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ENDPOINTS } from '../../../../src/agent/datasource/endpoints.ts';
import { describeMachine, readMachine } from '../../../../src/agent/datasource/machine.ts';
import { recogniseProviders, SIGNS } from '../../../../src/agent/datasource/recognise.ts';
import { runStage } from '../../../../src/agent/stages/run-stage.ts';
import { PROJECT } from '../../../support/factory.ts';
import { testHost } from '../support/test-host.ts';
import { MACHINES } from './machines.ts';

const DMI = '/sys/class/dmi/id';
const OWN = 'system/oem/00_datasource.yaml';
const QEMU = { vendor: 'QEMU', product: 'Standard PC (Q35 + ICH9, 2009)' };

describe('the providers of a machine', () => {
  it.each(MACHINES)('$name: $providers', ({ machine, providers }) => {
    const found = recogniseProviders({ arch: 'amd64', commandLine: 'quiet', ...machine });
    expect([...found]).toEqual(providers);
  });

  it('has a row for each metadata service, and each sign is that of a machine of the test', () => {
    expect(Object.keys(SIGNS).sort()).toEqual(ENDPOINTS.map(({ name }) => name).sort());
    const machines = MACHINES.map(({ machine }) => ({ arch: 'amd64', commandLine: '', ...machine }));
    for (const [provider, signs] of Object.entries(SIGNS)) {
      for (const sign of signs) {
        const shown = machines.filter((machine) =>
          Object.entries(sign).every(([name, pattern]) =>
            pattern.test(machine[name as keyof typeof machine] ?? ''),
          ),
        );
        expect(shown, `${provider} ${JSON.stringify(Object.keys(sign))}`).not.toEqual([]);
      }
    }
  });
});

describe('the facts of a machine', () => {
  it('come from DMI, the hypervisor and the device tree', async () => {
    await using host = await testHost({
      arch: 'arm64',
      files: {
        [`${DMI}/sys_vendor`]: 'V\n',
        [`${DMI}/product_name`]: 'P\n',
        [`${DMI}/product_serial`]: 'S\n',
        [`${DMI}/product_uuid`]: 'U\n',
        [`${DMI}/chassis_asset_tag`]: ' \n',
        [`${DMI}/bios_version`]: 'B\n',
        '/sys/hypervisor/uuid': 'X\n',
        '/proc/device-tree/model': 'M\0',
      },
    });
    expect(await readMachine(host, 'quiet')).toEqual({
      ...{ arch: 'arm64', commandLine: 'quiet', vendor: 'V', product: 'P', serial: 'S', uuid: 'U' },
      ...{ biosVersion: 'B', hypervisorUuid: 'X', model: 'M' },
    });
  });

  it.each([
    [{ vendor: 'A', product: 'B', model: 'C' }, 'A B'],
    [{ model: 'C' }, 'C'],
    [{}, 'there is none'],
  ])('%j is named %s', (machine, name) => {
    expect(describeMachine({ arch: 'amd64', commandLine: '', ...machine })).toBe(name);
  });
});

/** Runs the stage `network` of an image on a machine; no metadata service answers. @returns hosts asked, and the log */
async function network(machine: { vendor: string; product: string }, more: Record<string, string> = {}) {
  const own = await readFile(join(PROJECT, 'templates/image/common', OWN), 'utf8');
  const asked: string[] = [];
  await using host = await testHost({
    files: {
      [`/${OWN}`]: own,
      [`${DMI}/sys_vendor`]: machine.vendor,
      [`${DMI}/product_name`]: machine.product,
      ...more,
    },
    missing: ['vmware-rpctool'],
    run: () => ({ status: 22 }),
    fetch: (url) => {
      asked.push(new URL(url).pathname);
      return new Response('', { status: 404 });
    },
  });
  const { failures } = await runStage(host, 'network');
  expect(failures).toEqual([]);
  const curl = host.calls.filter(({ program }) => program === 'curl').map(({ args }) => args.at(-1));
  return { asked: [...asked, ...curl], log: host.logged.join('\n') };
}

describe('the configuration of the image', () => {
  it('asks nobody on a machine of no cloud', async () => {
    const { asked, log } = await network(QEMU);
    expect(asked).toEqual([]);
    expect(log).toContain(
      'info no cloud recognised by DMI (QEMU Standard PC (Q35 + ICH9, 2009)); metadata services are not asked',
    );
    expect(log).toContain('info no user data from vmware');
  });

  it('asks the cloud of the machine only', async () => {
    const { asked, log } = await network({ vendor: 'DigitalOcean', product: 'Droplet' });
    expect(asked).toEqual(['/metadata/v1/user-data']);
    expect(log).toContain(
      'info by DMI (DigitalOcean Droplet), this machine can be in digitalocean; other metadata services are not asked',
    );
    expect(log).toContain('info no user data from digitalocean, vmware');
  });

  it.each(['/oem/90_custom.yaml', '/usr/local/cloud-config/x.yaml', '/system/oem/50_own.yaml'])(
    'does not keep a provider from being asked that %s names',
    async (file) => {
      const text =
        '#cloud-config\nstages: {network: [{datasource: {providers: [openstack, packet, scaleway]}}]}\n';
      const { asked } = await network(QEMU, { [file]: text });
      expect(asked.sort()).toEqual([
        '/openstack/latest/user_data',
        '/userdata',
        'http://169.254.42.42/user_data/cloud-init',
      ]);
    },
  );

  it('of upstream asks all that it names, as with upstream’s agent', async () => {
    const text =
      '#cloud-config\nstages: {network: [{datasource: {providers: [cdrom, gcp, openstack, hetzner, metaldata]}}]}\n';
    const { asked } = await network(QEMU, { [`/${OWN}`]: text });
    expect(asked).toHaveLength(4);
  });
});
