import { isMap } from '../../common/cloud-config/merge.ts';
import type { ConfigData } from '../../common/cloud-config/parse.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** The first line of every file that the agent writes; a file without it belongs to someone else. */
export const MARK = '# Written by kairos-agent from the cloud-config of this node; changes here are lost.';
const OWN_PART = '# From the cloud-config:';

/** A Kubernetes service that a block of the cloud-config enables (docs/contract.md 8.2). */
export interface KubernetesRole {
  /** The block's key. */
  readonly key: string;
  /** Unit name without suffix. */
  readonly service: string;
  readonly program: string;
  readonly command: string;
}

/** In the order of docs/contract.md 8.2. The units of k0s have the names that `k0s install` uses (docs/contract.md 8.1). */
export const ROLES: readonly KubernetesRole[] = [
  { key: 'k3s', service: 'k3s', program: 'k3s', command: 'server' },
  { key: 'k3s-agent', service: 'k3s-agent', program: 'k3s', command: 'agent' },
  { key: 'k0s', service: 'k0scontroller', program: 'k0s', command: 'controller' },
  { key: 'k0s-worker', service: 'k0sworker', program: 'k0s', command: 'worker' },
];

/** The settings of a block (docs/contract.md 8.2). */
export interface KubernetesBlock {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly replaceArgs: boolean;
  readonly replaceEnv: boolean;
  readonly embeddedRegistry: boolean;
}

/** The block of a role; `undefined` when it is absent or not enabled. */
export function blockOf(config: ConfigData, { key }: KubernetesRole): KubernetesBlock | undefined {
  const block = config[key];
  if (!isMap(block) || block['enabled'] !== true) return undefined;
  const args = block['args'];
  const env = block['env'];
  return {
    args: Array.isArray(args) ? args.map(String) : [],
    env: isMap(env)
      ? Object.fromEntries(Object.entries(env).map(([name, value]) => [name, String(value ?? '')]))
      : {},
    replaceArgs: block['replace_args'] === true,
    replaceEnv: block['replace_env'] === true,
    embeddedRegistry: block['embedded_registry'] === true,
  };
}

/** The service manager of the node. */
export type ServiceManager = 'systemd' | 'openrc';

/** The environment file of a service (docs/contract.md 8.2). */
export function environmentPath({ program, service }: KubernetesRole, manager: ServiceManager): string {
  if (program === 'k0s') return `/etc/k0s/${service}.env`;
  return manager === 'systemd' ? `/etc/sysconfig/${service}` : `/etc/rancher/k3s/${service}.env`;
}

/** The drop-in that sets the command line of a service under systemd (docs/contract.md 8.2). */
export function dropInPath({ service }: KubernetesRole): string {
  return `/etc/systemd/system/${service}.service.d/override.conf`;
}

/**
 * Renders the arguments of the program. Entries are joined verbatim, so that one may hold a flag and its value, or systemd's
 * quotes, as upstream configurations do.
 * @throws FactoryError `usage` for an entry with more than one line
 */
export function renderArguments(role: KubernetesRole, block: KubernetesBlock): string {
  const broken = block.args.find((arg) => /[\r\n]/.test(arg.trim()));
  if (broken !== undefined) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `${role.key}.args: "${broken.trim().split(/[\r\n]/)[0]}…" has several lines`,
      {
        remedy: 'Write one argument per entry of the list.',
      },
    );
  }
  // The provider's only default that does not need a p2p network (docs/contract.md 8.2).
  const defaults =
    role.key === 'k3s' && block.embeddedRegistry && !block.replaceArgs ? ['--embedded-registry'] : [];
  return [role.command, ...defaults, ...block.args.map((arg) => arg.trim())].filter(Boolean).join(' ');
}

/**
 * Renders the drop-in that sets the command line of a unit (docs/contract.md 8.2).
 * @param program path of the program
 * @throws FactoryError `usage` for arguments that a unit cannot hold
 */
export function renderDropIn(role: KubernetesRole, block: KubernetesBlock, program: string): string {
  return [
    MARK,
    '[Service]',
    `EnvironmentFile=-${environmentPath(role, 'systemd')}`,
    'ExecStart=',
    `ExecStart=${program} ${renderArguments(role, block)}`,
    '',
  ].join('\n');
}

/** Options of {@link renderEnvironment}. */
export interface EnvironmentOptions {
  /** Current content of the file. */
  readonly present?: string | undefined;
  /** Assignments in addition to those of the block. */
  readonly more?: Readonly<Record<string, string>>;
}

/**
 * Renders the environment file of a service, quoted for both systemd and shells. Lines from others stay, before the agent's
 * own, unless the block sets `replace_env`.
 * @throws FactoryError `usage` for an invalid variable name
 */
export function renderEnvironment(
  role: KubernetesRole,
  block: KubernetesBlock,
  { present = '', more = {} }: EnvironmentOptions = {},
): string {
  const lines = Object.entries({ ...block.env, ...more }).map(([name, value]) => {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `${role.key}.env: "${name}" is not a valid variable name`,
      {
        remedy: 'Use letters, digits and underscores.',
      },
    );
  });
  const foreign = block.replaceEnv ? '' : foreignPart(present);
  return [MARK, ...(foreign.trim() === '' ? [] : [foreign.trimEnd()]), OWN_PART, ...lines, ''].join('\n');
}

/** The lines of an environment file that the agent did not write. */
export function foreignPart(present: string): string {
  if (!isOurs(present)) return present;
  const [own = ''] = present.slice(MARK.length + 1).split(OWN_PART);
  return own;
}

/** Whether the agent wrote a file. */
export function isOurs(text: string | undefined): boolean {
  return text?.startsWith(`${MARK}\n`) ?? false;
}
