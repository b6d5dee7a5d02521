import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TargetsReport } from '../../src/factory/pipeline/build-report.ts';
import { factory, type Outcome, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const VERSION = 'v1.34.1+k3s1';
// The real program cannot be fetched here: a script with the options that the build uses replaces it.
// It differs in each run, because the tests' cache has those of earlier runs.
const K3S = `#!/bin/sh\n# ${randomUUID()}\n[ "$1" = --version ] && echo "k3s version ${VERSION} (stand-in)"\n`;
const IMAGES = `stands for an archive of container images ${randomUUID()}`;
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

let home: string;
let server: Server;
let mirror: string;
const asked: string[] = [];

/** A mirror of k3s's releases, with a certificate that is trusted only if configured. */
beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'targets-'));
  const [key, cert] = [join(home, 'key.pem'), join(home, 'cert.pem')];
  const request = ['-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=mirror'];
  await tool(
    'openssl',
    'req',
    ...request,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-keyout',
    key,
    '-out',
    cert,
  );
  const files: Record<string, string> = {
    k3s: K3S,
    'k3s-airgap-images-amd64.tar.zst': IMAGES,
    'sha256sum-amd64.txt': `${sha256(IMAGES)}  k3s-airgap-images-amd64.tar.zst\n${sha256(K3S)}  k3s\n`,
  };
  server = createServer(
    { key: await readFile(key), cert: await readFile(cert) },
    ({ url = '' }, response) => {
      asked.push(url);
      const content = url.startsWith(`/${encodeURIComponent(VERSION)}/`) ? files[basename(url)] : undefined;
      response.writeHead(content === undefined ? 404 : 200).end(content);
    },
  ).listen(0, '127.0.0.1');
  await once(server, 'listening');
  mirror = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;

  await mkdir(join(home, 'files/usr/share/bundle'), { recursive: true });
  await writeFile(join(home, 'files/usr/share/bundle/file'), 'from a bundle\n');
  await mkdir(join(home, 'setup'));
  await writeFile(
    join(home, 'setup/run.sh'),
    'cat word >/usr/share/ran\necho "$BUNDLE_TARGET" >>/usr/share/ran\n',
  );
  await writeFile(join(home, 'setup/word'), 'ran\n');
  await writeFile(join(home, 'other'), K3S.replace(VERSION, 'v1.30.0+k3s1'));
  await chmod(join(home, 'other'), 0o755);
});
afterAll(async () => {
  server.close();
  await rm(home, { recursive: true, force: true });
});

async function build(targets: readonly unknown[], ...args: string[]): Promise<Outcome> {
  const configuration = {
    flavor: 'debian',
    base: 'bootstrap:bookworm',
    kernel: 'cloud',
    version: 'v1.2.3',
    artifacts: ['squashfs'],
    compression: 'fast',
    output: 'out',
    kubernetes: { distribution: 'k3s', version: VERSION, mirror, airgap: true },
    bundles: ['dir:files', { image: 'dir:setup', mode: 'run' }],
    targets,
  };
  await writeFile(join(home, 'kairos-factory.yaml'), JSON.stringify(configuration));
  const env = { NODE_EXTRA_CA_CERTS: join(home, 'cert.pem'), NO_PROXY: '127.0.0.1' };
  return factory(['build', '--json', ...args], { cwd: home, env });
}

describe('targets that differ in their artifacts, with Kubernetes and bundles', () => {
  let outcome: Outcome;
  let report: TargetsReport;
  beforeAll(async () => {
    outcome = await build([{ name: 'fast' }, { name: 'dense', compression: 'balanced' }]);
    expect(outcome.status, outcome.stderr).toBe(0);
    report = JSON.parse(outcome.stdout) as TargetsReport;
  });

  test('base and OS image are built once', () => {
    expect(outcome.stderr.match(/COPY framework/g)).toHaveLength(1);
    const [fast = [], dense = []] = report.targets.map((target) =>
      target.status === 'done' ? target.steps.filter(({ cached }) => !cached).map(({ id }) => id) : [],
    );
    for (const id of ['kubernetes', 'bundles', 'image'])
      expect([id, fast.includes(id) !== dense.includes(id)]).toEqual([id, true]);
    expect([fast.includes('squashfs'), dense.includes('squashfs')]).toEqual([true, true]);
    // Each file is fetched once for both.
    expect(asked.map((url) => basename(url)).sort()).toEqual([
      'k3s',
      'k3s-airgap-images-amd64.tar.zst',
      'sha256sum-amd64.txt',
      'sha256sum-amd64.txt',
    ]);
  });

  test('each target has its own release, named after Kubernetes', async () => {
    for (const [index, name] of ['fast', 'dense'].entries()) {
      const folder = join(home, 'out', name);
      expect(report.targets[index]).toMatchObject({ name, status: 'done', output: folder });
      const file = `kairos-debian-12-standard-amd64-generic-v1.2.3-k3s${VERSION}.squashfs`;
      expect(await readFile(join(folder, 'SHA256SUMS'), 'utf8')).toContain(`  ${file}\n`);
      expect(JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')).kubernetes).toEqual([
        { role: 'program', name: 'k3s', sha256: sha256(K3S) },
        { role: 'images', name: 'k3s-airgap-images-amd64.tar.zst', sha256: sha256(IMAGES) },
      ]);
      const release = await tool('unsquashfs', '-cat', join(folder, file), 'etc/kairos-release');
      expect(release).toContain('KAIROS_VARIANT="standard"');
      expect(release).toContain(`KAIROS_SOFTWARE_VERSION="${VERSION}"`);
      expect(release).toContain('KAIROS_SOFTWARE_VERSION_PREFIX="k3s"');
    }
  });

  test('the image has the program, its units and images, and the files of the bundles', async () => {
    const file = join(home, `out/fast/kairos-debian-12-standard-amd64-generic-v1.2.3-k3s${VERSION}.squashfs`);
    const listing = await tool('unsquashfs', '-lln', file);
    const images = 'k3s-airgap-images-amd64.tar.zst';
    for (const pattern of [
      /^-rwxr-xr-x 0\/0 .*root\/usr\/bin\/k3s$/m,
      /root\/usr\/bin\/kubectl -> k3s$/m,
      /root\/usr\/lib\/systemd\/system\/k3s-agent\.service$/m,
      /root\/usr\/lib\/modules-load\.d\/90-kubernetes\.conf$/m,
      /root\/usr\/sbin\/iptables /m,
      /^-rw-r--r-- 0\/0 .*root\/usr\/share\/bundle\/file$/m,
    ])
      expect(listing).toMatch(pattern);
    expect(listing).toContain(
      `root/var/lib/rancher/k3s/agent/images/${images} -> /usr/lib/kairos/kubernetes/images/${images}`,
    );
    // The clients of volumes; what they start on demand does not listen before, and every node names its own initiator.
    for (const pattern of [
      /root\/usr\/sbin\/mount\.nfs$/m,
      /root\/usr\/sbin\/iscsiadm$/m,
      /root\/etc\/systemd\/system\/sockets\.target\.wants\/iscsid\.socket /m,
      /root\/usr\/lib\/systemd\/system\/rpcbind\.socket$/m,
    ])
      expect(listing).toMatch(pattern);
    expect(listing).not.toMatch(/root\/etc\/(systemd\/.*rpcbind|iscsi\/initiatorname)/);
    // No service is enabled, and no build files remain.
    expect(listing).not.toMatch(/root\/(etc\/systemd\/.*k3s|kairos-build)/);
    const cat = (path: string) => tool('unsquashfs', '-cat', file, path);
    expect(await cat(`usr/lib/kairos/kubernetes/images/${images}`)).toBe(IMAGES);
    expect(await cat('usr/share/ran')).toBe(`ran\ndir:${join(home, 'setup')}`);
  });

  test('a failed target does not stop the others if so configured, and determines the exit status', async () => {
    const kubernetes = { distribution: 'k3s', version: VERSION };
    const { status, stdout, stderr } = await build(
      [
        { name: 'changed', kubernetes: { ...kubernetes, binary: 'other', sha256: sha256(K3S) } },
        { name: 'liar', kubernetes: { ...kubernetes, binary: 'other' } },
        { name: 'fast' },
      ],
      '--continue-on-error',
    );
    expect(status, stderr).toBe(5);
    const { targets } = JSON.parse(stdout) as { targets: unknown[] };
    expect(targets).toMatchObject([
      { name: 'changed', status: 'failed', error: { kind: 'verification', remedy: expect.any(String) } },
      { name: 'liar', status: 'failed', error: { kind: 'step' } },
      { name: 'fast', status: 'done' },
    ]);
    expect(stderr).toMatch(/is not v1\.34\.1\+k3s1: it reports "k3s version v1\.30\.0\+k3s1/);
    expect(stderr).toMatch(/changed: fetch k3s v1\.34\.1\+k3s1: .*other does not match its checksum/);
    expect(stderr).toMatch(/liar: build OS image/);
  });

  test('the plan shows all targets, and with --only some of them', async () => {
    const targets = [
      { name: 'fast' },
      { name: 'new', version: 'v1.2.4' },
      { name: 'same', version: 'v1.2.4' },
    ];
    const plan = async (...args: string[]) => {
      const { status, stdout, stderr } = await build(targets, '--plan', ...args);
      expect(status, stderr).toBe(0);
      const { plan: steps } = JSON.parse(stdout) as { plan: { id: string; state: string }[] };
      return Object.fromEntries(steps.map(({ id, state }) => [id, state]));
    };
    const whole = await plan();
    expect([whole['fast/image'], whole['new/image'], whole['same/image']]).toEqual([
      'cached',
      'run',
      'shared',
    ]);
    expect(Object.keys(await plan('--only', 'n*')).every((id) => id.startsWith('new/'))).toBe(true);
  });
});
