import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../../src/factory/boot/forward.ts';
import { tool } from '../tool.ts';
import { CLUSTER_PROGRAM } from './programs.ts';

/** A real etcd, kube-apiserver and kube-controller-manager, with no node. They run until this is disposed of. */
export interface ControlPlane extends AsyncDisposable {
  /** A kubeconfig of an account that may do everything. */
  readonly kubeconfig: string;
  /** Address of the API server. */
  readonly server: string;
  /** PEM file of its CA. */
  readonly ca: string;
  /** Runs kubectl. @returns its stdout @throws when it fails */
  kubectl(...args: readonly string[]): Promise<string>;
  /** The same, with a manifest on standard input. */
  apply(manifest: string, ...args: readonly string[]): Promise<string>;
  /** Ends the API server, as an upgrade of the control plane would; {@link startApi} starts it again on the same address. */
  stopApi(): Promise<void>;
  startApi(): Promise<void>;
}

/** How long the API server may take until it is ready, in milliseconds: it starts on an emulated disk, beside other tests. */
const READY = 120_000;

/** Starts a control plane on free ports. @throws with the last lines of the API server when it does not get ready */
export async function startControlPlane(): Promise<ControlPlane> {
  const home = await mkdtemp(join(tmpdir(), 'kairos-cluster-'));
  const [etcdPort, peerPort, port, managerPort] = await Promise.all([
    freePort(),
    freePort(),
    freePort(),
    freePort(),
  ]);
  const server = `https://127.0.0.1:${port}`;
  await makeCredentials(home, server);
  const kubeconfig = join(home, 'kubeconfig');
  const children = new Map<string, ReturnType<typeof launch>>();
  const start = (name: string, program: string, args: readonly string[]) => {
    children.set(name, launch(program, args, join(home, `${name}.log`)));
  };
  const stop = async (name: string) => {
    const child = children.get(name);
    children.delete(name);
    child?.kill('SIGTERM');
    const limit = new AbortController();
    void setTimeout(20_000, undefined, { signal: limit.signal }).then(
      () => child?.kill('SIGKILL'),
      () => undefined,
    );
    await child;
    limit.abort();
  };
  const etcd = `http://127.0.0.1:${etcdPort}`;
  const startApi = async () => {
    start('kube-apiserver', CLUSTER_PROGRAM.apiServer, [
      `--etcd-servers=${etcd}`,
      `--cert-dir=${home}/server`,
      ...['--bind-address=127.0.0.1', `--secure-port=${port}`],
      `--tls-cert-file=${home}/server.pem`,
      `--tls-private-key-file=${home}/server.key`,
      `--client-ca-file=${home}/ca.pem`,
      `--service-account-key-file=${home}/accounts.key`,
      `--service-account-signing-key-file=${home}/accounts.key`,
      `--service-account-issuer=${server}`,
      ...['--service-cluster-ip-range=10.0.0.0/24', '--authorization-mode=RBAC', '--allow-privileged=true'],
      // Nothing here needs the figures that priority and fairness cost.
      '--enable-priority-and-fairness=false',
    ]);
    await ready(kubeconfig, join(home, 'kube-apiserver.log'));
  };
  start('etcd', CLUSTER_PROGRAM.etcd, [
    `--data-dir=${home}/etcd`,
    ...[`--listen-client-urls=${etcd}`, `--advertise-client-urls=${etcd}`],
    ...[`--listen-peer-urls=http://127.0.0.1:${peerPort}`, '--unsafe-no-fsync'],
  ]);
  const end = async () => {
    await stop('kube-controller-manager');
    await stop('kube-apiserver');
    await stop('etcd');
    await rm(home, { recursive: true, force: true });
  };
  const kubectl = (...args: readonly string[]) =>
    tool(CLUSTER_PROGRAM.kubectl, `--kubeconfig=${kubeconfig}`, ...args);
  try {
    await startApi();
    start('kube-controller-manager', CLUSTER_PROGRAM.controllerManager, [
      `--kubeconfig=${kubeconfig}`,
      `--service-account-private-key-file=${home}/accounts.key`,
      `--root-ca-file=${home}/ca.pem`,
      ...['--use-service-account-credentials=false', '--leader-elect=false'],
      ...['--bind-address=127.0.0.1', `--secure-port=${managerPort}`],
      // A node of these tests sends no heartbeats.
      '--controllers=*,-node-lifecycle-controller',
    ]);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    ...{ kubeconfig, server, ca: join(home, 'ca.pem'), kubectl, startApi },
    apply: async (manifest, ...args) => {
      const child = execa(
        CLUSTER_PROGRAM.kubectl,
        [`--kubeconfig=${kubeconfig}`, 'apply', '-f', '-', ...args],
        {
          input: manifest,
        },
      );
      return (await child).stdout;
    },
    stopApi: () => stop('kube-apiserver'),
    [Symbol.asyncDispose]: end,
  };
}

function launch(program: string, args: readonly string[], log: string) {
  return execa(program, args, {
    ...{ reject: false, stdin: 'ignore' },
    ...{ stdout: { file: log, append: true }, stderr: { file: log, append: true } },
  });
}

async function ready(kubeconfig: string, log: string): Promise<void> {
  const limit = Date.now() + READY;
  for (;;) {
    const { exitCode } = await execa(
      CLUSTER_PROGRAM.kubectl,
      [`--kubeconfig=${kubeconfig}`, 'get', '--raw', '/readyz', '--request-timeout=5s'],
      { reject: false },
    );
    if (exitCode === 0) return;
    if (Date.now() > limit)
      throw new Error(`the API server is not ready:\n${(await readFile(log, 'utf8')).slice(-3000)}`);
    await setTimeout(300);
  }
}

/** A CA, the certificate of the server, and a client that may do everything. */
async function makeCredentials(home: string, server: string): Promise<void> {
  const file = (name: string) => join(home, name);
  await tool(
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-days',
    '2',
    '-subj',
    '/CN=test-ca',
    '-keyout',
    file('ca.key'),
    '-out',
    file('ca.pem'),
  );
  const issue = async (name: string, subject: string, extension: string) => {
    await tool(
      'openssl',
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      subject,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
    );
    await writeFile(file(`${name}.ext`), extension);
    await tool(
      'openssl',
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      file(`${name}.ext`),
      '-out',
      file(`${name}.pem`),
    );
  };
  await issue(
    'server',
    '/CN=kube-apiserver',
    'subjectAltName=IP:127.0.0.1,IP:10.0.0.1,DNS:kubernetes.default.svc\nextendedKeyUsage=serverAuth\n',
  );
  await issue('admin', '/O=system:masters/CN=test-admin', 'extendedKeyUsage=clientAuth\n');
  await tool('openssl', 'genrsa', '-out', file('accounts.key'), '2048');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority': file('ca.pem') } }],
    users: [
      { name: 'admin', user: { 'client-certificate': file('admin.pem'), 'client-key': file('admin.key') } },
    ],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  await writeFile(file('kubeconfig'), JSON.stringify(config), { mode: 0o600 });
}
