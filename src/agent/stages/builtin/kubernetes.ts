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
  type ServiceManager,
} from '../kubernetes.ts';
import type { BuiltinStep } from './builtin-step.ts';

/** Has a line `SERVICE DIGEST` for each deployed service (docs/contract.md 2.4, 8.2). */
const SENTINEL = NODE_PATH.deployed;
/** Boot states in which Kubernetes does not run. */
const EXCLUDED = ['recovery_boot', 'livecd_boot', 'autoreset_boot'];
const PROGRAM_DIRECTORIES = ['/usr/local/bin', '/usr/bin'];

/**
 * Applies the Kubernetes blocks of the cloud-config at every boot: it configures and restarts a service whose block has
 * changed (upstream keeps the arguments of the first boot, docs/contract.md 8.2), and stops a service whose block is gone.
 * It runs after the steps of `network`, which may fetch a configuration and write files that the services read.
 */
export const kubernetesStep: BuiltinStep = {
  stage: 'network.after',
  name: 'kubernetes',
  run: applyKubernetes,
};

const PENDING = 'pending';
/** Milliseconds that a service may take to stop. */
const STOP_TIMEOUT = 120_000;

type Deployed = Map<string, string>;

/** @throws FactoryError `usage` for conflicting blocks, `step` when the image lacks the program */
async function applyKubernetes(host: Host): Promise<void> {
  if (EXCLUDED.includes(await bootState(host))) return;
  const collected = await collectConfig(host, { fetch: 'once' });
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
      `${both[0]} is enabled both as control plane and as worker`,
      {
        remedy: 'Enable only one of them: a control plane node also runs workloads.',
      },
    );
  }
  const manager = (await host.stat('/run/systemd/system')) === undefined ? 'openrc' : 'systemd';
  // Services to stop come first, to free their ports.
  const roles = ROLES.toSorted((a, b) => Number(!!blockOf(data, a)) - Number(!!blockOf(data, b)));
  const errors: unknown[] = [];
  for (const role of roles) {
    // An incomplete configuration must not change a running service.
    if (collected.problems.length > 0 && deployed.has(role.service)) {
      host.log('warn', `${role.service} is left unchanged, because the configuration is incomplete`);
      continue;
    }
    const context = { host, role, deployed, manager } as const;
    await applyRole(context, data).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

/**
 * Whether upstream's provider manages Kubernetes: on a p2p network, which assigns the roles, or when it is installed
 * (docs/contract.md 8.2, 8.3).
 */
async function isLeftToProvider(host: Host, { data }: Collected): Promise<boolean> {
  const p2p = data['p2p'];
  const names = (await Promise.all(PROVIDER_DIRECTORIES.map((directory) => host.list(directory)))).flat();
  const left = (isMap(p2p) && Boolean(p2p['network_token'])) || names.includes('agent-provider-kairos');
  if (left) host.log('info', 'the provider manages Kubernetes');
  return left;
}

/** A service on this node. */
interface RoleContext {
  readonly host: Host;
  readonly role: KubernetesRole;
  readonly deployed: Deployed;
  readonly manager: ServiceManager;
}

async function applyRole(context: RoleContext, data: ConfigData): Promise<void> {
  const { host, role, deployed, manager } = context;
  const block = blockOf(data, role);
  if (!block) {
    if (deployed.has(role.service)) await withdraw(context);
    return;
  }
  const files = await renderFiles(context, block, await findProgram(host, role));
  const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex');
  const present = await Promise.all(files.map(({ path }) => host.readText(path)));
  if (deployed.get(role.service) === digest && files.every(({ text }, at) => text === present[at])) return;
  // Marked as pending: after a power cut, the next boot repeats or reverts this.
  await writeDeployed(host, deployed.set(role.service, PENDING));
  for (const { path, text, mode } of files) await host.write(path, text, { mode });
  await startService(host, role.service, manager);
  await writeDeployed(host, deployed.set(role.service, digest));
  host.log('info', `${role.service} was configured and is starting`);
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
  { host, role, manager }: RoleContext,
  block: KubernetesBlock,
  program: string,
): Promise<ServiceFile[]> {
  const path = environmentPath(role, manager);
  const present = await host.readText(path);
  // The OpenRC script reads the file after it has set its own arguments.
  const more =
    manager === 'systemd'
      ? {}
      : { command_args: `${renderArguments(role, block)} >>/var/log/${role.service}.log 2>&1` };
  const environment = { path, text: renderEnvironment(role, block, { present, more }), mode: 0o600 };
  if (manager !== 'systemd') return [environment];
  return [environment, { path: dropInPath(role), text: renderDropIn(role, block, program), mode: 0o644 }];
}

async function startService(host: Host, service: string, manager: ServiceManager): Promise<void> {
  if (manager === 'openrc') {
    await host.run('rc-update', ['add', service, 'default']);
    await host.run('rc-service', [service, 'restart']);
    return;
  }
  await host.run('systemctl', ['daemon-reload']);
  await host.run('systemctl', ['enable', service]);
  // It may be running with its previous configuration. The boot does not wait for readiness, which takes minutes.
  await host.run('systemctl', ['--no-block', 'restart', service]);
}

/** Stops a service and removes the agent's files, before another service on the same ports starts. */
async function withdraw({ host, role, deployed, manager }: RoleContext): Promise<void> {
  const systemd = manager === 'systemd';
  const { service } = role;
  const quietly = { allowFailure: true, timeout: STOP_TIMEOUT };
  const results = systemd
    ? [await host.run('systemctl', ['disable', '--now', service], quietly)]
    : [
        await host.run('rc-service', [service, 'stop'], quietly),
        await host.run('rc-update', ['del', service, 'default'], quietly),
      ];
  for (const { status, stderr } of results) {
    if (status !== 0) host.log('warn', `${service} could not be stopped: ${stderr.trim()}`);
  }
  const dropIn = dropInPath(role);
  if (isOurs(await host.readText(dropIn))) await host.remove(dropIn);
  const path = environmentPath(role, manager);
  const environment = await host.readText(path);
  if (environment !== undefined && isOurs(environment)) {
    const foreign = foreignPart(environment);
    if (foreign.trim() === '') await host.remove(path);
    else await host.write(path, foreign, { mode: 0o600 });
  }
  if (systemd) await host.run('systemctl', ['daemon-reload']);
  deployed.delete(service);
  await writeDeployed(host, deployed);
  host.log('info', `${service} was stopped: the cloud-config no longer enables it`);
}

/** Parses the sentinel. That of upstream's provider is empty, and the agent takes over its services. */
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
