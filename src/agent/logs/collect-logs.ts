import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { reasonOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { redactConfig, redactText } from './redact.ts';

/** A file of the archive. */
export interface LogFile {
  /** Path inside the archive. */
  readonly path: string;
  readonly text: string;
}

/** Additional units and files to collect, from `logs` of the configuration (docs/contract.md 4.3). */
export interface LogExtras {
  /** Names of systemd units. */
  readonly journal: readonly string[];
  /** Paths, which may contain wildcards. */
  readonly files: readonly string[];
}

/** Units of the system and of the Kubernetes distributions that it runs (docs/contract.md 5.9). */
const UNITS = [
  'kairos-agent',
  'kairos-installer',
  'kairos-interactive',
  'kairos-webui',
  'kairos-recovery',
  'kairos-reset',
  'cos-setup-fs',
  'cos-setup-boot',
  'cos-setup-network',
  'cos-setup-reconcile',
  'immucore',
  'systemd-sysext',
  'systemd-confext',
  'k3s',
  'k3s-agent',
  'k0scontroller',
  'k0sworker',
  'kubelet',
];
/** Number of journal lines per unit; weeks of output for most units. */
const LINES = '20000';
const FILES = [
  '/run/immucore/*',
  `${NODE_PATH.run}/*`,
  '/var/log/kairos*',
  '/var/log/kairos*/*',
  NODE_PATH.grubEnvironment,
];
const PLAIN = [
  '/proc/cmdline',
  '/proc/self/mounts',
  '/proc/partitions',
  '/etc/os-release',
  NODE_PATH.release,
  '/etc/fstab',
];
const CONFIGS = [
  NODE_PATH.systemOem,
  NODE_PATH.oem,
  NODE_PATH.userData,
  NODE_PATH.cloudConfig,
  NODE_PATH.settings,
  NODE_PATH.volatileUserData,
  NODE_PATH.fetchedConfigs,
];
const PROGRAMS: readonly (readonly [name: string, program: string, ...args: string[]])[] = [
  ['kernel', 'dmesg'],
  ['lsblk', 'lsblk', '-o', 'NAME,SIZE,TYPE,FSTYPE,LABEL,PARTLABEL,MOUNTPOINT,RO'],
  ['df', 'df', '-h'],
  ['failed-units', 'systemctl', '--failed', '--no-pager'],
  ['addresses', 'ip', 'address'],
  ['routes', 'ip', 'route'],
];
/** Maximum size of a log; the beginning of a longer one is cut. */
const LIMIT = 16 * 1024 * 1024;

/** Collects logs and configuration for problem reports, without secrets (docs/contract.md 5.1). Missing files are skipped. */
export async function collectLogs(host: Host, extras: LogExtras): Promise<LogFile[]> {
  const files: LogFile[] = [];
  const add = async (path: string, text: () => Promise<string | undefined>) => {
    try {
      const content = await text();
      if (content !== undefined && content.trim() !== '') files.push({ path, text: content.slice(-LIMIT) });
    } catch (error) {
      host.log('warn', `${path}: ${reasonOf(error)}`);
    }
  };
  if (await host.has('journalctl')) {
    for (const unit of new Set([...UNITS, ...extras.journal])) {
      await add(`journal/${unit.replaceAll('/', '-')}.log`, () => journal(host, unit));
    }
  }
  for (const [name, program, ...args] of PROGRAMS) {
    if (await host.has(program)) await add(`system/${name}.txt`, () => output(host, program, args));
  }
  const paths = await Promise.all([...FILES, ...extras.files].map((pattern) => matchingPaths(host, pattern)));
  for (const path of new Set([...PLAIN, ...paths.flat()])) {
    await add(`files${path}`, async () => masked(path, await textOf(host, path)));
  }
  for (const directory of CONFIGS) {
    for (const name of await host.list(directory)) {
      const path = `${directory}/${name}`;
      if (isYaml(name)) await add(`config${path}`, async () => masked(path, await textOf(host, path)));
    }
  }
  return files;
}

async function journal(host: Host, unit: string): Promise<string | undefined> {
  const text = await output(host, 'journalctl', ['--no-pager', '--quiet', '--lines', LINES, '--unit', unit]);
  return text?.includes('-- No entries --') ? undefined : text;
}

async function output(host: Host, program: string, args: readonly string[]): Promise<string | undefined> {
  const { stdout } = await host.run(program, args, { allowFailure: true, timeout: 60_000 });
  return redactText(stdout);
}

/** Reads a text file; `undefined` for directories and binary files. */
async function textOf(host: Host, path: string): Promise<string | undefined> {
  if ((await host.stat(path))?.kind !== 'file') return undefined;
  const text = await host.readText(path);
  return text?.slice(0, 1024).includes('\0') ? undefined : text;
}

function masked(path: string, text: string | undefined): string | undefined {
  return text === undefined ? undefined : isYaml(path) ? redactConfig(text) : redactText(text);
}

function isYaml(path: string): boolean {
  return /\.ya?ml$/.test(path);
}

/** Expands the wildcards `*` and `?` of a path pattern; they match within one component. */
export async function matchingPaths(host: Host, pattern: string): Promise<string[]> {
  let found = [''];
  for (const part of pattern.split('/').filter((each) => each !== '')) {
    if (!/[*?]/.test(part)) {
      found = found.map((path) => `${path}/${part}`);
      continue;
    }
    const escaped = part
      .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.');
    const names = new RegExp(`^${escaped}$`);
    const lists = await Promise.all(
      found.map(async (path) => {
        const isDirectory = (await host.stat(path || '/'))?.kind === 'directory';
        const entries = isDirectory ? await host.list(path || '/') : [];
        return entries.filter((name) => names.test(name)).map((name) => `${path}/${name}`);
      }),
    );
    found = lists.flat();
  }
  return found;
}
