import { createHash, randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ipxeScript } from '../../src/factory/artifacts/ipxe-script.ts';
import { startDhcp } from '../support/dhcp-server.ts';
import { PROJECT, TEST_HOME } from '../support/factory.ts';
import { startService } from '../support/netboot-service.ts';
import { type NetworkNamespace, startNetworks } from '../support/network-namespaces.ts';

const ADDRESS = '10.9.0.1';
const SITE = '10.9.0.2';
const NAME = 'kairos-debian-12-core-amd64-generic-v1.2.3';
const URL = `http://${ADDRESS}:8080`;

/** What a machine's firmware hears, by the address of the server. */
type Offers = readonly { address: string; next: string; server: string; vendor: string; file: string }[];

// The networks of several machines need root.
describe.skipIf(process.getuid?.() !== 0)('serve-netboot, in a network of its own', () => {
  let home: string;
  let networks: Record<'server' | 'site' | 'machine', NetworkNamespace> & AsyncDisposable;
  const root = randomBytes(3_000_000);

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'serve-netboot-'));
    const sha256 = createHash('sha256').update(root).digest('hex');
    await writeFile(join(home, `${NAME}.squashfs`), root);
    for (const part of ['kernel', 'initrd']) await writeFile(join(home, `${NAME}-${part}`), part);
    await writeFile(join(home, `${NAME}.ipxe`), ipxeScript({ name: NAME, sha256, line: ['console=ttyS0'] }));
    await writeFile(join(home, 'node.yaml'), '#cloud-config\nhostname: from-the-net\n');
    await writeFile(join(home, 'take'), '#!/bin/sh\n[ "$1" != bound ] || ip addr add "$ip/24" dev eth0\n');
    await chmod(join(home, 'take'), 0o755);
    networks = await startNetworks(['server', 'site', 'machine']);
    await networks.server.run('ip', 'addr', 'add', `${ADDRESS}/24`, 'dev', 'lan');
    // Where packets to everybody go, without any other route.
    await networks.machine.run('ip', 'route', 'add', '255.255.255.255', 'dev', 'eth0');
    await networks.site.run('ip', 'addr', 'add', `${SITE}/24`, 'dev', 'eth0');
  });
  afterAll(async () => {
    await networks?.[Symbol.asyncDispose]();
    await rm(home, { recursive: true, force: true });
  });

  const service = (...options: readonly string[]) => startService([home, ...options], networks.server);
  const asFirmware = async (env: Record<string, string>, ...words: readonly string[]): Promise<Offers> => {
    const variables = Object.entries(env).map((pair) => pair.join('='));
    const program = [process.execPath, join(PROJECT, 'test/support/pxe-client.ts')];
    return JSON.parse(await networks.machine.run('env', ...variables, ...program, ...words)) as Offers;
  };
  const getAddress = () =>
    networks.machine.run(...'busybox udhcpc -q -n -f -i eth0 -s'.split(' '), join(home, 'take'));

  /** The state of the service's dnsmasq, and its directory. */
  const dnsmasq = async () => {
    const [, pid = ''] = /dnsmasq.*pid=(\d+)/.exec(await networks.server.run('ss', '-Hulpn')) ?? [];
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    const scratch = dirname(/--conf-file=([^\0]+)/.exec(line)?.[1] ?? '');
    return { status: await readFile(`/proc/${pid}/status`, 'utf8'), scratch };
  };

  test('answers firmware beside the DHCP server of the site, serves its files, and says who has what', async () => {
    const { machine, site } = networks;
    const dhcp = startDhcp(site, { range: '10.9.0.50,10.9.0.60,255.255.255.0,1h', directory: home });
    const served = await service('--interface', 'lan', '--cloud-config', join(home, 'node.yaml'));
    await getAddress();
    const mac = /ether (\S+)/.exec(await machine.run('ip', 'link', 'show', 'eth0'))?.[1] ?? '';

    const ours = async (...words: readonly string[]) =>
      (await asFirmware({}, ...words)).filter(({ server }) => server === ADDRESS);
    const proxy = { address: '0.0.0.0', server: ADDRESS, next: ADDRESS };
    expect(await ours('7', 'PXEClient', ADDRESS)).toEqual([
      { ...proxy, vendor: 'PXEClient', file: '' },
      { ...proxy, vendor: 'PXEClient', file: 'ipxe.efi' },
    ]);
    expect(await ours('16', 'HTTPClient')).toEqual([
      { ...proxy, vendor: 'HTTPClient', file: `${URL}/ipxe.efi` },
    ]);
    await machine.run('busybox', 'tftp', '-g', '-r', 'ipxe.efi', '-l', join(home, 'got'), ADDRESS);
    expect((await readFile(join(home, 'got'))).equals(await readFile('/usr/lib/ipxe/ipxe.efi'))).toBe(true);
    for (const arch of ['0', '7'])
      expect(await ours(arch, 'PXEClient', 'iPXE')).toMatchObject([{ ...proxy, file: `${URL}/amd64.ipxe` }]);
    expect(await ours('11', 'PXEClient')).toEqual([]);

    const get = (...words: readonly string[]) => machine.run('curl', '-sS', ...words);
    expect(await get(`${URL}/amd64.ipxe`)).toContain(' kairos.config_url=${base}cloud-config.yaml\n');
    expect(await get(`${URL}/${NAME}-kernel`)).toBe('kernel');
    expect(await get('-r', '1-3', `${URL}/${NAME}-initrd`)).toBe('nit');
    await get('-o', join(home, 'got'), `${URL}/${NAME}.squashfs`);
    expect((await readFile(join(home, 'got'))).equals(root)).toBe(true);
    expect(await get(`${URL}/cloud-config.yaml`)).toContain('from-the-net');
    expect(await get('--path-as-is', '-w', '%{http_code}', `${URL}/../../etc/passwd`)).toBe('404');

    const { scratch } = await dnsmasq();
    expect(await readdir(join(scratch, 'tftp'))).toEqual(['ipxe.efi', 'undionly.kpxe']);
    const { status, lines, notes } = await served.stop();
    await dhcp[Symbol.asyncDispose]();
    expect(status).toBe(0);
    const ip = /10\.9\.0\.[56]\d/.exec(lines.join('\n'))?.[0] ?? '';
    const said = lines.map((line) => line.replace(/^\d\d:\d\d:\d\d {2}/, '').replace(`${mac} ${ip}`, mac));
    expect(said).toEqual(
      [
        'asks for a boot program: UEFI amd64',
        `has ipxe.efi: ${(statSync('/usr/lib/ipxe/ipxe.efi').size / 1024).toFixed(1)} KiB by TFTP`,
        'iPXE asks for its script',
        'stopped: UEFI arm64 is not served, because there is no system for it',
        'has amd64.ipxe: 0.9 KiB by HTTP',
        `has ${NAME}-kernel: 0.0 KiB by HTTP`,
        `has a part of ${NAME}-initrd: 0.0 KiB`,
        `loads ${NAME}.squashfs: 2.9 MiB by HTTP`,
        `has ${NAME}.squashfs: 2.9 MiB by HTTP`,
        'has cloud-config.yaml: 0.0 KiB by HTTP',
        'has all files, and starts',
        'asks for "../../etc/passwd" by HTTP, which does not exist',
      ].map((text) => `${mac}  ${text}`),
    );
    expect(notes).toContain(`${mac} ${ip}  had all files (UEFI arm64)`);
    expect(existsSync(scratch)).toBe(false);
    expect(await networks.server.run('ss', '-Hulpn')).toBe('');
  });

  test('is the DHCP server of a network that has none, and refuses ports that are in use', async () => {
    const served = await service('--dhcp-range', '10.9.0.100-10.9.0.110');
    const all = { address: expect.stringMatching(/^10\.9\.0\.1[01]\d?$/), server: ADDRESS };
    const [bios, second] = await Promise.all([
      asFirmware({ PATIENCE: '4000' }, '0', 'PXEClient'),
      service('--http-port', '8081').then((other) => other.stop()),
    ]);
    expect(bios).toMatchObject([{ ...all, file: 'undionly.kpxe' }]);
    expect(second.status).toBe(2);
    expect(second.notes).toMatch(/cannot use UDP port 69 of 10\.9\.0\.1: another program has the port/);
    expect(await asFirmware({}, '16', 'HTTPClient')).toMatchObject([
      { ...all, vendor: 'HTTPClient', file: `${URL}/ipxe.efi` },
    ]);
    expect((await served.stop()).lines[0]).toMatch(/asks for a boot program: BIOS$/);
  });

  test('its dnsmasq is never root, and ends with it even if it is killed', async () => {
    await using served = await service('--dhcp-range', '10.9.0.100-10.9.0.110');
    const { status, scratch } = await dnsmasq();
    expect(/^Uid:\t(.*)$/m.exec(status)?.[1]?.split('\t')).not.toContain('0');
    // net_bind_service, net_admin and net_raw.
    expect(status).toMatch(/^CapBnd:\t0000000000003400$/m);
    await served.kill();
    await expect.poll(() => networks.server.run('ss', '-Hulpn'), { timeout: 10_000 }).toBe('');
    await rm(scratch, { recursive: true });
  });
});
