import { createHash } from 'node:crypto';
import { isMap } from '../../../common/cloud-config/merge.ts';
import type { ConfigData } from '../../../common/cloud-config/parse.ts';
import { NODE_PATH, PROVIDER_DIRECTORIES } from '../../../common/contract/node-paths.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { bootState } from '../../config/boot-state.ts';
import { type Collected, collectConfig } from '../../config/collect.ts';
import {
  blockOf,
  dropInPath,
  environmentPath,
  foreignPart,
  isOurs,
  type KubernetesBlock,
  type KubernetesRole,
  ROLES,
  renderArguments,
  renderDropIn,
  renderEnvironment,
} from '../kubernetes.ts';
import type { BuiltinStep } from './builtin-step.ts';

/** A line `SERVICE DIGEST` for each service as it was deployed last (docs/contract.md 2.4, 8.2). */
const SENTINEL = NODE_PATH.deployed;
/** Systems that are not the node's own, or are about to be thrown away. */
const EXCLUDED = ['recovery_boot', 'livecd_boot', 'autoreset_boot'];
const PROGRAM_DIRECTORIES = ['/usr/local/bin', '/usr/bin'];

/**
 * Kubernetes as the cloud-config has it, at every boot: a service is written and restarted when its block has changed
 * (upstream takes the first boot's arguments forever, docs/contract.md 8.2), and stopped when its block is gone. After
 * the steps of `network`, which can bring a configuration and write files that the services read.
 */
export const kubernetesStep: BuiltinStep = {
  stage: 'network.after',
  name: 'kubernetes',
  run: applyKubernetes,
};

const PENDING = 'pending';
/** Milliseconds that a service has for its end. */
const STOP_TIMEOUT = 120_000;

type Deployed = Map<string, string>;

/** @throws FactoryError `usage` for blocks that contradict each other, `step` when the image lacks the program */
async function applyKubernetes(host: Host): Promise<void> {
  if (EXCLUDED.includes(await bootState(host))) return;
  const collected = await collectConfig(host);
  const { data } = collected;
  const deployed = readDeployed(await host.readText(SENTINEL));
  if (deployed.size === 0 && !ROLES.some((role) => blockOf(data, role))) return;
  if (await isLeftToProvider(host, collected)) return;
  const both = ['k3s', 'k0s'].filter(
    (program) => ROLES.filter((role) => role.program === program && blockOf(data, role)).length > 1,
  );
  if (both[0]) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `${both[0]} is enabled as control plane and as worker at once`,
      {
        remedy: 'Enable one of the two: a node of the control plane runs workloads, too.',
      },
    );
  }
  const systemd = (await host.stat('/run/systemd/system')) !== undefined;
  // Those that go make room for those that come.
  const roles = ROLES.toSorted((a, b) => Number(!!blockOf(data, a)) - Number(!!blockOf(data, b)));
  const errors: unknown[] = [];
  for (const role of roles) {
    // With a part of the configuration missing, what runs stays as it is: better old than half.
    if (collected.problems.length > 0 && deployed.has(role.service)) {
      host.log('warn', `${role.service} stays as it is, because the configuration is incomplete`);
      continue;
    }
    await applyRole(host, role, data, deployed, systemd).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

/**
 * The p2p network decides about roles, and the provider of the field does all of this by itself
 * (docs/contract.md 8.2, 8.3).
 */
async function isLeftToProvider(host: Host, { data }: Collected): Promise<boolean> {
  const p2p = data['p2p'];
  const names = (await Promise.all(PROVIDER_DIRECTORIES.map((directory) => host.list(directory)))).flat();
  const left = (isMap(p2p) && Boolean(p2p['network_token'])) || names.includes('agent-provider-kairos');
  if (left) host.log('info', 'Kubernetes is left to the provider');
  return left;
}

async function applyRole(
  host: Host,
  role: KubernetesRole,
  data: ConfigData,
  deployed: Deployed,
  systemd: boolean,
): Promise<void> {
  const block = blockOf(data, role);
  if (!block) {
    if (deployed.has(role.service)) await withdraw(host, role, deployed, systemd);
    return;
  }
  const program = await findProgram(host, role);
  const files = await renderFiles(host, role, block, program, systemd);
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const present = await Promise.all(files.map(({ path }) => host.readText(path)));
  if (deployed.get(role.service) === digest && files.every(({ text }, at) => text === present[at])) return;
  // Without a digest: should the power fail now, the next boot does it again, or takes it back.
  await writeDeployed(host, deployed.set(role.service, PENDING));
  for (const { path, text, mode } of files) await host.write(path, text, { mode });
  await startService(host, role.service, systemd);
  await writeDeployed(host, deployed.set(role.service, digest));
  host.log('info', `${role.service} is configured and starts`);
}

async function findProgram(host: Host, { key, program }: KubernetesRole): Promise<string> {
  for (const path of PROGRAM_DIRECTORIES.map((directory) => `${directory}/${program}`)) {
    if ((await host.stat(path)) !== undefined) return path;
  }
  throw new FactoryError('STAGE_FAILED', `${key} is enabled, but this system has no ${program}`, {
    remedy: `Upgrade to an image with ${program}, or disable the block "${key}".`,
  });
}

interface ServiceFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

async function renderFiles(
  host: Host,
  role: KubernetesRole,
  block: KubernetesBlock,
  program: string,
  systemd: boolean,
): Promise<ServiceFile[]> {
  const path = environmentPath(role, systemd);
  const present = await host.readText(path);
  // OpenRC's script reads the file after it has set its own arguments.
  const more = systemd
    ? {}
    : { command_args: `${renderArguments(role, block)} >>/var/log/${role.service}.log 2>&1` };
  const environment = { path, text: renderEnvironment(role, block, present, more), mode: 0o600 };
  if (!systemd) return [environment];
  return [environment, { path: dropInPath(role), text: renderDropIn(role, block, program), mode: 0o644 }];
}

async function startService(host: Host, service: string, systemd: boolean): Promise<void> {
  if (!systemd) {
    await host.run('rc-update', ['add', service, 'default']);
    await host.run('rc-service', [service, 'restart']);
    return;
  }
  await host.run('systemctl', ['daemon-reload']);
  await host.run('systemctl', ['enable', service]);
  // It may run already, with what it was told at the last boot. Readiness takes minutes, which no boot waits for.
  await host.run('systemctl', ['--no-block', 'restart', service]);
}

/** Takes back what we wrote; the service ends before another one of the same ports begins. */
async function withdraw(
  host: Host,
  role: KubernetesRole,
  deployed: Deployed,
  systemd: boolean,
): Promise<void> {
  const { service } = role;
  const quietly = { allowFailure: true, timeout: STOP_TIMEOUT };
  const results = systemd
    ? [await host.run('systemctl', ['disable', '--now', service], quietly)]
    : [
        await host.run('rc-service', [service, 'stop'], quietly),
        await host.run('rc-update', ['del', service, 'default'], quietly),
      ];
  for (const { status, stderr } of results) {
    if (status !== 0) host.log('warn', `${service} does not stop as it should: ${stderr.trim()}`);
  }
  const dropIn = dropInPath(role);
  if (isOurs(await host.readText(dropIn))) await host.remove(dropIn);
  const path = environmentPath(role, systemd);
  const environment = await host.readText(path);
  if (environment !== undefined && isOurs(environment)) {
    const foreign = foreignPart(environment);
    if (foreign.trim() === '') await host.remove(path);
    else await host.write(path, foreign, { mode: 0o600 });
  }
  if (systemd) await host.run('systemctl', ['daemon-reload']);
  deployed.delete(service);
  await writeDeployed(host, deployed);
  host.log('info', `${service} is stopped: the cloud-config asks for it no more`);
}

/** A sentinel of the field's provider is empty; its services are taken over. */
function readDeployed(text = ''): Deployed {
  const lines = text.split('\n').map((line) => line.split(' '));
  return new Map(
    lines.flatMap(([service, digest]) => (service && digest ? [[service, digest] as const] : [])),
  );
}

async function writeDeployed(host: Host, deployed: Deployed): Promise<void> {
  if (deployed.size === 0) return host.remove(SENTINEL);
  await host.write(SENTINEL, [...deployed].map((line) => `${line.join(' ')}\n`).join(''));
}
