import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { type Guest, startGuest } from './guest.ts';

/** Connects the guest's connections, which QEMU gives to a program each, to a server of the host. */
const RELAY = `import { connect } from 'node:net';
const socket = connect(Number(process.argv[2]), '127.0.0.1');
process.stdin.pipe(socket).pipe(process.stdout);
`;
const USER_DATA = '#cloud-config\nhostname: from-the-cloud\n';
/** The stage has run at boot, perhaps before the second card had its address. */
const STAGE =
  'for i in $(seq 60); do ip -4 route | grep -q ^169.254 && break; sleep 1; done; kairos-agent run-stage network';
const LOG = 'journalctl -b -o cat -u cos-setup-network';

describe.runIf(process.env['KAIROS_FACTORY_TEST_ALL'] === '1')('the metadata service of a cloud', () => {
  let directory: string;
  let server: Server;
  let asked: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(TEST_HOME, 'vm-metadata-'));
    await writeFile(join(directory, 'relay.mjs'), RELAY);
    // It answers as several clouds, whose machines differ in what their firmware says.
    server = createServer(({ url = '' }, response) => {
      asked.push(url);
      const paths = ['/hetzner/v1/userdata', '/latest/user-data', '/openstack/latest/user_data'];
      if (paths.includes(url)) response.end(USER_DATA);
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(async () => {
    server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  /** Starts the raw disk in a network with the service, on a machine whose firmware has these words. */
  async function start(smbios: readonly string[]): Promise<Guest> {
    asked = [];
    const { port } = server.address() as AddressInfo;
    const relay = `cmd:${process.execPath} ${join(directory, 'relay.mjs')} ${port}`;
    const network = 'net=169.254.0.0/16,host=169.254.0.2,dhcpstart=169.254.0.15,restrict=on';
    const { artifact } = await testBuild();
    const guest = await startGuest({ artifact: artifact('raw'), attachment: 'disk', firmware: 'bios' }, [
      ...['-netdev', `user,id=cloud,${network},guestfwd=tcp:169.254.169.254:80-${relay}`],
      ...['-device', 'virtio-net-pci,netdev=cloud'],
      ...smbios,
    ]);
    await guest.login();
    await guest.run('systemctl is-system-running --wait');
    return guest;
  }

  test('is asked by a machine that has the DMI of this cloud, and no other one is', async () => {
    await using guest = await start(['-smbios', 'type=1,manufacturer=Hetzner,product=vServer']);
    await guest.run(STAGE);
    expect(await guest.run('cat /oem/95_userdata/userdata.yaml')).toBe(USER_DATA.trim());
    expect(await guest.run('hostname')).toBe('from-the-cloud');
    expect(await guest.run(LOG)).toContain(
      'by DMI (Hetzner vServer), this machine can be in hetzner; other metadata services are not asked',
    );
    expect([...new Set(asked)].sort()).toEqual(['/hetzner/v1/metadata/hostname', '/hetzner/v1/userdata']);
  });

  test('is not asked by a machine of no cloud, until its own configuration names a provider', async () => {
    await using guest = await start([]);
    await guest.run(STAGE);
    expect(await guest.run(LOG)).toMatch(
      /no cloud recognised by DMI \(QEMU Standard PC .*\); metadata services are not asked/,
    );
    expect(asked).toEqual([]);
    const step = '{stages: {network: [{datasource: {providers: [openstack]}}]}}';
    await guest.run(`printf '#cloud-config\\n%s\\n' '${step}' >/oem/91_cloud.yaml`);
    await guest.run(STAGE);
    expect(asked).toContain('/openstack/latest/user_data');
    expect(await guest.run('hostname')).toBe('from-the-cloud');
  });
});
