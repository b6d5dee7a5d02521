import { join } from 'node:path/posix';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { parse } from 'yaml';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { type CpioEntry, character, directory, file, link, writeCpio } from './cpio.ts';
import type { MissingFirmware } from './firmware.ts';
import { type KernelModules, kernelModules, readKernel } from './kernel-modules.ts';
import { microcode } from './microcode.ts';
import { ModuleSets } from './module-sets.ts';
import { programEntries } from './program-entries.ts';

/** What goes into an initramfs. */
export interface InitramfsOptions {
  /** The name of the kernel's directory in `/lib/modules`. */
  readonly kernel: string;
  /** The directory with `init`, the parts that it reads, and `modules.yaml`. */
  readonly scripts: string;
  /** Unix time in seconds of every file. */
  readonly epoch: number;
  /** Whether to make the archive that adds drivers of network cards, too. */
  readonly network?: boolean;
}

/** What came out. */
export interface Initramfs {
  readonly content: Buffer;
  /** Paths of the modules below their kernel's directory. */
  readonly modules: readonly string[];
  /** Firmware that modules name and the image lacks. */
  readonly missing: readonly MissingFirmware[];
  /** What a boot over the network reads after it. */
  readonly network?: Pick<Initramfs, 'content' | 'modules'>;
}

const DIRECTORIES = [
  'dev',
  'etc',
  'proc',
  'run',
  'sys',
  'sysroot',
  'tmp',
  'usr/bin',
  'usr/sbin',
  'usr/lib',
  'usr/lib64',
];
const LINKS = ['bin', 'sbin', 'lib', 'lib64'];
/** Level 12 takes twice the time for one per cent less; the kernel decompresses all levels equally fast. */
const ZSTD_LEVEL = 9;

/**
 * Makes the initramfs of a kernel from the image's files: the same files give the same bytes.
 * @throws FactoryError `step` when the kernel or the image lacks something that a boot needs
 */
export async function makeInitramfs(host: Host, options: InitramfsOptions): Promise<Initramfs> {
  const { scripts, epoch } = options;
  const sets = await readSets(host, scripts);
  const kernel = await readKernel(host, options.kernel, sets);
  const modules = await kernelModules(host, kernel, { sets, archive: 'main' });
  const commands = [...sets.commands, ...(options.network === true ? sets.network : [])];
  const programs = await programEntries(host, { ...sets, commands });
  const entries = [
    ...DIRECTORIES.map(directory),
    ...LINKS.map((name) => link(name, `usr/${name}`)),
    // The kernel opens it before the device nodes are there.
    character('dev/console', 5, 1),
    file('etc/passwd', 'root:x:0:0:root:/root:/bin/sh\n'),
    file('etc/group', 'root:x:0:\n'),
    ...(await scriptEntries(host, scripts)),
    ...programs.entries,
    ...modules.entries,
    ...(programs.busyboxLoadsModules ? [] : await binaryTables(host, options.kernel, modules.entries)),
  ];
  const pack = (list: readonly CpioEntry[]) => compress(writeCpio(list, epoch), kernel.config);
  const early = await microcode(host);
  const main = pack(entries);
  const content = early.length === 0 ? main : Buffer.concat([writeCpio(early, epoch), main]);
  const made = { content, modules: modules.modules };
  if (options.network !== true) return { ...made, missing: modules.missing };
  const network = await kernelModules(host, kernel, { sets, archive: 'network' });
  const tables = programs.busyboxLoadsModules
    ? []
    : await binaryTables(host, options.kernel, [...modules.entries, ...network.entries]);
  return {
    ...made,
    missing: [...modules.missing, ...network.missing],
    network: { content: pack([...network.entries, ...tables]), modules: network.modules },
  };
}

async function readSets(host: Host, scripts: string): Promise<ModuleSets> {
  const text = await host.readText(join(scripts, 'modules.yaml'));
  if (text === undefined) {
    throw new FactoryError('IMAGE_INCOMPLETE', `the image has no ${scripts}/modules.yaml`, {
      remedy: 'Build the image with the framework of this tool.',
    });
  }
  return ModuleSets.parse(parse(text));
}

async function scriptEntries(host: Host, scripts: string): Promise<CpioEntry[]> {
  const entries: CpioEntry[] = [];
  for (const name of await host.list(scripts)) {
    const content = await host.readBytes(join(scripts, name));
    if (content === undefined || name.endsWith('.yaml')) continue;
    // Most parts are only read; udhcpc runs one of them.
    entries.push(file(name === 'init' ? 'init' : `usr/lib/kairos/${name}`, content, 0o755));
  }
  return entries;
}

/** The tables of kmod, which depmod writes from a tree with the selected modules. */
async function binaryTables(
  host: Host,
  kernel: string,
  entries: KernelModules['entries'],
): Promise<CpioEntry[]> {
  const home = await host.temporary('kairos-initramfs-');
  const inside = `lib/modules/${kernel}`;
  try {
    for (const { path, content } of entries) {
      if (path.startsWith(`usr/${inside}/`) && content !== undefined)
        await host.write(`${home}/${path.slice('usr/'.length)}`, content);
    }
    await host.run('depmod', ['-b', host.resolve(home), kernel]);
    const names = (await host.list(`${home}/${inside}`)).filter((name) => name.endsWith('.bin'));
    return await Promise.all(
      names.map(async (name) =>
        file(`usr/${inside}/${name}`, (await host.readBytes(`${home}/${inside}/${name}`)) ?? ''),
      ),
    );
  } finally {
    await host.remove(home);
  }
}

/** With zstd, where the kernel is known to read it. */
function compress(archive: Buffer, config: string | undefined): Buffer {
  if (!/^CONFIG_RD_ZSTD=y$/m.test(config ?? '')) return gzipSync(archive, { level: 9 });
  const params = {
    [constants.ZSTD_c_compressionLevel]: ZSTD_LEVEL,
    [constants.ZSTD_c_checksumFlag]: 1,
  };
  return zstdCompressSync(archive, { params });
}
