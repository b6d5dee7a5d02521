import { isMap } from '../../common/cloud-config/merge.ts';
import type { ConfigData } from '../../common/cloud-config/parse.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';

/** First line of every file of ours: what lacks it belongs to somebody else. */
export const MARK = '# Written by kairos-agent from the cloud-config of this node; changes here are lost.';
const OWN_PART = '# From the cloud-config:';

/** A Kubernetes service that a block of the cloud-config asks for (docs/contract.md 8.2). */
export interface KubernetesRole {
  /** The block's key. */
  readonly key: string;
  /** The unit, without its ending. */
  readonly service: string;
  readonly program: string;
  readonly command: string;
}

/** In the order of docs/contract.md 8.2; units of k0s are named as `k0s install` names them (docs/contract.md 8.1). */
export const ROLES: readonly KubernetesRole[] = [
  { key: 'k3s', service: 'k3s', program: 'k3s', command: 'server' },
  { key: 'k3s-agent', service: 'k3s-agent', program: 'k3s', command: 'agent' },
  { key: 'k0s', service: 'k0scontroller', program: 'k0s', command: 'controller' },
  { key: 'k0s-worker', service: 'k0sworker', program: 'k0s', command: 'worker' },
];

/** What a block says (docs/contract.md 8.2). */
export interface KubernetesBlock {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly replaceArgs: boolean;
  readonly replaceEnv: boolean;
  readonly embeddedRegistry: boolean;
}

/** The block of a role, or `undefined` when there is none or it is not enabled. */
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

/** Where the environment of a service is read from (docs/contract.md 8.2). */
export function environmentPath({ program, service }: KubernetesRole, systemd: boolean): string {
  if (program === 'k0s') return `/etc/k0s/${service}.env`;
  return systemd ? `/etc/sysconfig/${service}` : `/etc/rancher/k3s/${service}.env`;
}

/** Where systemd reads the command line of a service from (docs/contract.md 8.2). */
export function dropInPath({ service }: KubernetesRole): string {
  return `/etc/systemd/system/${service}.service.d/override.conf`;
}

/**
 * What follows the program. Entries are joined as they are, so that one may hold a flag and its value with a space, and
 * systemd's quotes, as configurations of the field do.
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
  // The one default of the provider that needs no p2p network (docs/contract.md 8.2).
  const defaults =
    role.key === 'k3s' && block.embeddedRegistry && !block.replaceArgs ? ['--embedded-registry'] : [];
  return [role.command, ...defaults, ...block.args.map((arg) => arg.trim())].filter(Boolean).join(' ');
}

/**
 * The drop-in that sets the whole command line of a unit (docs/contract.md 8.2).
 * @param program its path
 * @throws FactoryError `usage` for arguments that no unit can hold
 */
export function renderDropIn(role: KubernetesRole, block: KubernetesBlock, program: string): string {
  return [
    MARK,
    '[Service]',
    `EnvironmentFile=-${environmentPath(role, true)}`,
    'ExecStart=',
    `ExecStart=${program} ${renderArguments(role, block)}`,
    '',
  ].join('\n');
}

/**
 * The environment file of a service, in quotes that systemd and shells read alike. Lines that somebody else wrote there
 * stay, before ours, unless `replace_env`.
 * @param present what the file holds now
 * @param more assignments besides those of the block
 * @throws FactoryError `usage` for a name that no variable can have
 */
export function renderEnvironment(
  role: KubernetesRole,
  block: KubernetesBlock,
  present = '',
  more: Readonly<Record<string, string>> = {},
): string {
  const lines = Object.entries({ ...block.env, ...more }).map(([name, value]) => {
    if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return `${name}="${value.replaceAll(/["\\$`]/g, '\\$&')}"`;
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${role.key}.env: "${name}" is no name of a variable`, {
      remedy: 'Use letters, digits and underscores.',
    });
  });
  const foreign = block.replaceEnv ? '' : foreignPart(present);
  return [MARK, ...(foreign.trim() === '' ? [] : [foreign.trimEnd()]), OWN_PART, ...lines, ''].join('\n');
}

/** What of an environment file is not ours; all of it when we never wrote it. */
export function foreignPart(present: string): string {
  if (!isOurs(present)) return present;
  const [own = ''] = present.slice(MARK.length + 1).split(OWN_PART);
  return own;
}

/** Whether we wrote a file. */
export function isOurs(text: string | undefined): boolean {
  return text?.startsWith(`${MARK}\n`) ?? false;
}
