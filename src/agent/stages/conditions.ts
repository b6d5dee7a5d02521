import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { osRelease } from '../facts/os-release.ts';
import { readFact } from '../facts/read.ts';
import type { PluginContext } from './plugin.ts';

/** A reason to skip a step, `undefined` to run it. */
type Condition = (context: PluginContext, step: StageStep) => Promise<string | undefined>;

/** In order of cost: the shell runs only if all other conditions hold. */
const CONDITIONS: readonly Condition[] = [
  byHostname,
  byOs,
  byOsVersion,
  byArchitecture,
  byServiceManager,
  byFiles,
  byShell,
];

/**
 * Whether all conditions of a step hold (docs/contract.md 4.8). A debug message gives the reason for a skip.
 * @throws FactoryError `usage` for a condition that is wrong: a regular expression, a service manager, a key of `if_files`
 */
export async function conditionsHold(context: PluginContext, step: StageStep): Promise<boolean> {
  const reason = await explainConditions(context, step);
  if (reason !== undefined) context.host.log('debug', `${step.name ?? 'step'}: skipped: ${reason}`);
  return reason === undefined;
}

/**
 * The reason to skip a step: the first condition that does not hold; `undefined` when all hold.
 * @throws FactoryError `usage` for a condition that is wrong: a regular expression, a service manager, a key of `if_files`
 */
export async function explainConditions(
  context: PluginContext,
  step: StageStep,
): Promise<string | undefined> {
  for (const condition of CONDITIONS) {
    const reason = await condition(context, step);
    if (reason !== undefined) return reason;
  }
  return undefined;
}

async function byHostname({ host }: PluginContext, { node }: StageStep): Promise<string | undefined> {
  if (!node) return undefined;
  const name =
    (await readFact(host, '/proc/sys/kernel/hostname')) ?? (await readFact(host, '/etc/hostname')) ?? '';
  return matching({ key: 'node', source: node, texts: [name], found: `the host name is "${name}"` });
}

/** Upstream configurations match the long name, such as `Ubuntu.*`; its documentation also mentions the ID. */
async function byOs({ host }: PluginContext, { only_os }: StageStep): Promise<string | undefined> {
  if (!only_os) return undefined;
  const release = await osRelease(host);
  const names = ['PRETTY_NAME', 'NAME', 'ID']
    .map((key) => release.get(key))
    .filter((name) => name !== undefined);
  const quoted = names.map((name) => `"${name}"`).join(', ');
  return matching({
    key: 'only_os',
    source: only_os,
    texts: names,
    found: `the OS is ${quoted || 'unknown'}`,
  });
}

async function byOsVersion(
  { host }: PluginContext,
  { only_os_version }: StageStep,
): Promise<string | undefined> {
  if (!only_os_version) return undefined;
  const version = (await osRelease(host)).get('VERSION_ID') ?? '';
  return matching({
    key: 'only_os_version',
    source: only_os_version,
    texts: [version],
    found: `the version of the OS is "${version}"`,
  });
}

async function byArchitecture(
  { host }: PluginContext,
  { only_arch }: StageStep,
): Promise<string | undefined> {
  if (!only_arch) return undefined;
  return matching({
    key: 'only_arch',
    source: only_arch,
    texts: [host.arch],
    found: `the architecture is "${host.arch}"`,
  });
}

/** Programs that identify a service manager, even while an image is built. */
const SERVICE_MANAGERS: Readonly<Record<string, string>> = { systemd: 'systemctl', openrc: 'openrc' };

async function byServiceManager({ host }: PluginContext, step: StageStep): Promise<string | undefined> {
  const wanted = step.only_service_manager?.toLowerCase();
  if (!wanted) return undefined;
  const program = SERVICE_MANAGERS[wanted];
  if (program === undefined) {
    throw new FactoryError(
      'CLOUD_CONFIG_INVALID',
      `only_service_manager: "${wanted}" is not a service manager`,
      {
        remedy: 'Set it to systemd or openrc.',
      },
    );
  }
  const present = await hasProgram(host, program);
  return present ? undefined : `only_service_manager: ${wanted} is not installed`;
}

async function hasProgram(host: Host, program: string): Promise<boolean> {
  const places = ['/sbin', '/bin', '/usr/sbin', '/usr/bin'].map((directory) => `${directory}/${program}`);
  return (await Promise.all(places.map((place) => exists(host, place)))).includes(true);
}

async function byFiles({ host }: PluginContext, { if_files }: StageStep): Promise<string | undefined> {
  const { all = [], any = [], none = [], ...others } = if_files ?? {};
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `if_files: "${unknown}" is not a condition`, {
      remedy: 'Write the files under all, any or none.',
    });
  }
  for (const file of all) {
    if (!(await exists(host, file))) return `if_files: ${file} does not exist`;
  }
  for (const file of none) {
    if (await exists(host, file)) return `if_files: ${file} exists`;
  }
  const found = await Promise.all(any.map((file) => exists(host, file)));
  return any.length > 0 && !found.includes(true) ? `if_files: none of ${any.join(', ')} exists` : undefined;
}

async function byShell({ host, expand }: PluginContext, step: StageStep): Promise<string | undefined> {
  if (!step.if) return undefined;
  const { status } = await host.run('/bin/sh', ['-c', await expand(step.if)], { allowFailure: true });
  return status === 0 ? undefined : `if: the command exited with status ${status}`;
}

async function exists(host: Host, path: string): Promise<boolean> {
  return (await host.stat(path)) !== undefined;
}

/** A regular expression of a step, and the values that it has to match. */
interface Match {
  readonly key: string;
  /** The regular expression. */
  readonly source: string;
  /** Values, one of which has to match. */
  readonly texts: readonly string[];
  /** Describes the values in a message. */
  readonly found: string;
}

async function matching({ key, source, texts, found }: Match): Promise<string | undefined> {
  const { goPattern } = await import('../../common/cloud-config/go-pattern.ts');
  const pattern = goPattern(source, (problem) => {
    throw new FactoryError('CLOUD_CONFIG_INVALID', `${key}: ${problem}`, {
      remedy: `Set ${key} to a regular expression in Go syntax: https://pkg.go.dev/regexp/syntax`,
    });
  });
  return texts.some((text) => pattern.test(text))
    ? undefined
    : `${key}: ${found}, which "${source}" does not match`;
}
