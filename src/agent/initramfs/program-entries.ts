import { basename } from 'node:path/posix';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { type CpioEntry, file, link } from './cpio.ts';
import { readPrograms } from './libraries.ts';
import type { ModuleSets } from './module-sets.ts';

/** Where distributions put BusyBox; the static one starts faster. */
const BUSYBOX = [
  '/bin/busybox.static',
  '/usr/bin/busybox.static',
  '/usr/bin/busybox-static',
  '/usr/sbin/busybox',
  '/usr/bin/busybox',
  '/sbin/busybox',
  '/bin/busybox',
];
const DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];
/** In the initramfs these are links to the directories below `/usr`. */
const MERGED = /^\/(bin|sbin|lib|lib64)\//;

/** The programs of an initramfs. */
export interface Programs {
  readonly entries: readonly CpioEntry[];
  /** Whether BusyBox loads the modules; kmod needs binary tables. */
  readonly busyboxLoadsModules: boolean;
}

/** The place of a file of the image in the initramfs. */
export const placeOf = (path: string): string => path.replace(MERGED, '/usr/$1/').slice(1);

/**
 * Collects the commands of the scripts: from BusyBox where the image has it, else the image's own programs; with libraries.
 * @throws FactoryError `step` when the image lacks one
 */
export async function programEntries(
  host: Host,
  { commands, programs, optional }: Pick<ModuleSets, 'commands' | 'programs' | 'optional'>,
): Promise<Programs> {
  const busybox = await firstFile(host, BUSYBOX);
  const applets = busybox === undefined ? [] : await appletsOf(host, busybox);
  const provided = new Set(applets.filter((name) => !programs.includes(name)));
  const own = await findAll(host, [...programs, ...commands.filter((name) => !provided.has(name))]);
  own.push(...(await findSome(host, optional)));
  const files = await readPrograms(host, [...own, ...(busybox === undefined ? [] : [busybox])]);
  const shell = own.find((path) => basename(path) === 'sh');
  const entries: CpioEntry[] = [...files].map(([path, content]) =>
    file(path === busybox ? 'usr/bin/busybox' : placeOf(path), content, 0o755),
  );
  for (const name of provided) if (name !== 'busybox') entries.push(link(`usr/bin/${name}`, 'busybox'));
  // The kernel calls modprobe by this path.
  if (provided.has('modprobe')) entries.push(link('usr/sbin/modprobe', '../bin/busybox'));
  if (shell !== undefined && placeOf(shell) !== 'usr/bin/sh') throw lacks('/bin/sh');
  return { entries, busyboxLoadsModules: provided.has('modprobe') };
}

async function appletsOf(host: Host, busybox: string): Promise<string[]> {
  const { stdout } = await host.run(host.resolve(busybox), ['--list']);
  return stdout.split('\n').filter(Boolean);
}

async function findSome(host: Host, names: readonly string[]): Promise<string[]> {
  const paths = await Promise.all(names.map((name) => findProgram(host, name)));
  return paths.filter((path) => path !== undefined);
}

const findProgram = (host: Host, name: string) =>
  firstFile(
    host,
    DIRECTORIES.map((directory) => `${directory}/${name}`),
  );

async function findAll(host: Host, names: readonly string[]): Promise<string[]> {
  const paths = await Promise.all(names.map((name) => findProgram(host, name)));
  const missing = names.filter((_, index) => paths[index] === undefined);
  if (missing.length > 0) throw lacks(missing.join(', '));
  return paths.filter((path) => path !== undefined);
}

async function firstFile(host: Host, paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if ((await host.stat(path))?.kind === 'file') return path;
  return undefined;
}

function lacks(name: string): FactoryError {
  return new FactoryError('IMAGE_INCOMPLETE', `the image has no ${name}, which the initramfs needs`, {
    remedy:
      'Add BusyBox to the packages (busybox-static on Debian), or the package that contains the program.',
  });
}
