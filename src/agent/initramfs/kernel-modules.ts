import { join } from 'node:path/posix';
import { kernelConfigPlaces } from '../../common/contract/kernel-config.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { checkFresh, checkKernel } from './check-kernel.ts';
import { type CpioEntry, file } from './cpio.ts';
import { moduleInfo } from './elf.ts';
import { findFirmware, type MissingFirmware } from './firmware.ts';
import { type ModuleIndex, moduleName, parseModuleIndex, plainPath } from './module-index.ts';
import type { ModuleSets } from './module-sets.ts';
import { readDecompressed } from './read-modules.ts';
import { loadOrder, selectionFor, selectModules } from './select-modules.ts';

/** The modules of an archive of the initramfs. */
export interface KernelModules {
  /** The modules, the tables of modprobe, and firmware. */
  readonly entries: readonly CpioEntry[];
  /** Paths of the modules below their kernel's directory. */
  readonly modules: readonly string[];
  /** Firmware that modules name and the image lacks. */
  readonly missing: readonly MissingFirmware[];
}

/** A kernel of the image that is known to boot a system. */
export interface CheckedKernel {
  readonly name: string;
  readonly index: ModuleIndex;
  readonly config: string | undefined;
}

const LIBRARY = '/lib/modules';
const MODULE = /\.ko(\.(xz|gz|zst))?$/;

/** Reads what is known about a kernel. @throws FactoryError `step` when it is not suitable */
export async function readKernel(host: Host, name: string, sets: ModuleSets): Promise<CheckedKernel> {
  const index = await readIndex(host, name);
  const config = await kernelConfig(host, name);
  checkFresh(name, index, await modulesIn(host, join(LIBRARY, name), ''));
  checkKernel(name, index, { required: sets.required, config });
  return { name, index, config };
}

/** Collects the modules of an archive and their firmware. That of the network adds to the main one. */
export async function kernelModules(
  host: Host,
  { name: kernel, index }: CheckedKernel,
  { sets, archive }: { readonly sets: ModuleSets; readonly archive: 'main' | 'network' },
): Promise<KernelModules> {
  const home = join(LIBRARY, kernel);
  const main = selectModules(index, selectionFor(sets, { arch: host.arch, archive: 'main' }));
  const modules =
    archive === 'main'
      ? main
      : without(selectModules(index, selectionFor(sets, { arch: host.arch, archive })), main);
  const contents = await readDecompressed(
    host,
    modules.map((path) => join(home, path)),
  );
  const wanted = modules.flatMap((path, at) =>
    moduleInfo(contents[at] ?? Buffer.of(), 'firmware').map((name) => ({ module: moduleName(path), name })),
  );
  const { entries: firmware, missing } = await findFirmware(host, kernel, wanted);
  // The kernel unpacks the archive of the network later, and its tables replace those of the main one.
  const known = archive === 'main' ? main : [...main, ...modules].sort();
  return {
    entries: [
      ...modules.map((path, at) => file(`usr${home}/${plainPath(path)}`, contents[at] ?? '')),
      ...moduleTables(index, known).map(({ name, text }) => file(`usr${home}/${name}`, text)),
      ...firmware,
      ...(archive === 'main' ? await modprobeConfiguration(host) : []),
    ],
    modules,
    missing,
  };
}

function without(paths: readonly string[], others: readonly string[]): string[] {
  const there = new Set(others);
  return paths.filter((path) => !there.has(path));
}

async function readIndex(host: Host, kernel: string): Promise<ModuleIndex> {
  const read = (name: string) => host.readText(join(LIBRARY, kernel, name));
  const dep = await read('modules.dep');
  if (dep === undefined) {
    throw new FactoryError('IMAGE_INCOMPLETE', `${LIBRARY}/${kernel} has no modules.dep`, {
      remedy: `Run "depmod ${kernel}" in the image.`,
    });
  }
  const [softdep = '', builtin = '', alias = ''] = await Promise.all(
    ['modules.softdep', 'modules.builtin', 'modules.alias'].map(read),
  );
  return parseModuleIndex({ dep, softdep, builtin, alias });
}

/** The kernel's configuration, if the image has it. */
async function kernelConfig(host: Host, kernel: string): Promise<string | undefined> {
  for (const place of kernelConfigPlaces(kernel)) {
    const text = await host.readText(place);
    if (text !== undefined) return text;
  }
  return undefined;
}

async function modulesIn(host: Host, home: string, below: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of await host.list(join(home, below))) {
    const path = join(below, name);
    if (MODULE.test(name)) found.push(path);
    // The links `build` and `source` lead out of the directory.
    else if ((await host.stat(join(home, path), { follow: false }))?.kind === 'directory')
      found.push(...(await modulesIn(host, home, path)));
  }
  return found;
}

/** The tables that modprobe reads, for the selected modules only. */
export function moduleTables(
  index: ModuleIndex,
  modules: readonly string[],
): { readonly name: string; readonly text: string }[] {
  const selected = new Set(modules);
  const names = new Set(modules.map(moduleName));
  const dep = modules.map((path) =>
    [`${plainPath(path)}:`, ...loadOrder(index, path, selected).map(plainPath)].join(' '),
  );
  const aliases = index.aliases.filter(({ name }) => names.has(moduleName(name)));
  const lines = (list: readonly string[]) => list.map((line) => `${line}\n`).join('');
  return [
    { name: 'modules.dep', text: lines(dep) },
    { name: 'modules.alias', text: lines(aliases.map(({ pattern, name }) => `alias ${pattern} ${name}`)) },
    { name: 'modules.builtin', text: lines([...index.builtin].map((name) => `kernel/${name}.ko`)) },
    { name: 'modules.softdep', text: lines(softLines(index, names)) },
    { name: 'modules.order', text: '' },
  ];
}

/** For modprobe of kmod, which knows soft dependencies. */
function softLines(index: ModuleIndex, names: ReadonlySet<string>): string[] {
  const part = (word: string, list: readonly string[]) => (list.length > 0 ? [word, ...list] : []);
  return [...index.soft]
    .filter(([name]) => names.has(name))
    .map(([name, { pre, post }]) =>
      ['softdep', name, ...part('pre:', pre), ...part('post:', post)].join(' '),
    );
}

/** Options and blacklists; BusyBox reads only the files in `/etc/modprobe.d`. The administrator's override the system's. */
async function modprobeConfiguration(host: Host): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const directory of ['/etc/modprobe.d', '/usr/lib/modprobe.d', '/lib/modprobe.d']) {
    for (const name of await host.list(directory)) {
      const content = name.endsWith('.conf') ? await host.readBytes(`${directory}/${name}`) : undefined;
      if (content !== undefined) entries.push(file(`etc/modprobe.d/${name}`, content));
    }
  }
  return entries;
}
