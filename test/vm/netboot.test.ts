import { createReadStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildDebian, TEST_HOME, type TestBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { startGuest } from './guest.ts';

/** The network that QEMU makes has its host at this address. */
const HOST = '10.0.2.2';
const MAC = '52:54:00:12:34:99';

describe.skipIf(!process.env['KAIROS_FACTORY_TEST_ALL'])('the netboot files of Debian bookworm', () => {
  let directory: string;
  let build: TestBuild;
  let server: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(TEST_HOME, 'vm-netboot-'));
    const config = join(directory, 'config.yaml');
    await writeFile(config, '#cloud-config\nhostname: from-the-net\n');
    build = await buildDebian({
      output: join(TEST_HOME, 'out-netboot'),
      extra: ['--set', 'sbom=false', '--artifact', 'netboot', '--cloud-config', config],
    });
    const root = dirname(build.artifact('netboot'));
    server = createServer((request, response) => {
      const name = basename(decodeURIComponent(request.url ?? ''));
      asked.push(name);
      void stat(join(root, name)).then(
        ({ size }) => {
          response.setHeader('content-length', size);
          createReadStream(join(root, name)).pipe(response);
        },
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    await tool('qemu-img', 'create', '-q', '-f', 'qcow2', join(directory, 'empty.qcow2'), '1G');
  });
  afterAll(async () => {
    server?.close();
    await rm(directory, { recursive: true, force: true });
  });

  test('boot a machine with a BIOS by iPXE from a web server', async () => {
    // The artifact has several files; a boot loader starts from this one.
    const { artifacts } = build.report.manifest;
    const script = artifacts.find(({ file }) => file.endsWith('.ipxe'))?.file ?? '';
    const { port } = server.address() as AddressInfo;
    const url = `http://${HOST}:${port}/${script}`;
    await using guest = await startGuest(
      { artifact: join(directory, 'empty.qcow2'), attachment: 'disk', firmware: 'bios' },
      [
        ...['-netdev', `user,id=boot,bootfile=${url}`],
        ...['-device', `virtio-net-pci,netdev=boot,mac=${MAC},bootindex=0`],
      ],
    );
    await guest.login();
    const stem = script.slice(0, -'.ipxe'.length);
    expect([...new Set(asked)].sort()).toEqual(
      [`${stem}-config.yaml`, `${stem}-initrd`, `${stem}-kernel`, `${stem}.ipxe`, `${stem}.squashfs`].sort(),
    );
    const line = await guest.run('cat /proc/cmdline');
    expect(line).toContain(`root=live:http://${HOST}:${port}/${stem}.squashfs rd.live.sha256=`);
    expect(line).toContain(`BOOTIF=01-${MAC.replaceAll(':', '-')} netboot`);
    expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/live_mode');
    expect(await guest.run('hostname')).toBe('from-the-net');
    const state = await guest.run('systemctl is-system-running --wait');
    expect(`${state} ${await guest.run('systemctl --failed --plain --no-legend')}`).toBe('running ');
  });
});
