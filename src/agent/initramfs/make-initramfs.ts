import { join } from 'node:path/posix';
import { constants, gzipSync, zstdCompressSync } from 'node:zlib';
import { parse } from 'yaml';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { type CpioEntry, character, directory, file, link, writeCpio } from './cpio.ts';
import { type KernelModules, kernelModules } from './kernel-modules.ts';
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
  /** Programs that run from the mounted image before it is the root, and find their libraries in the initramfs. */
  readonly needy: readonly string[];
}

/** What came out. */
export interface Initramfs {
  readonly content: Buffer;
  /** Paths of the modules below their kernel's directory. */
  readonly modules: readonly string[];
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
  const { kernel, scripts, epoch } = options;
  const sets = await readSets(host, scripts);
  const modules = await kernelModules(host, kernel, sets);
  const programs = await programEntries(host, sets, options.needy);
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
    ...(programs.busyboxLoadsModules ? [] : await binaryTables(host, kernel, modules)),
  ];
  const early = await microcode(host);
  const main = compress(writeCpio(entries, epoch), modules.config);
  const content = early.length === 0 ? main : Buffer.concat([writeCpio(early, epoch), main]);
  return { content, modules: modules.modules };
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
    entries.push(name === 'init' ? file('init', content, 0o755) : file(`usr/lib/kairos/${name}`, content));
  }
  return entries;
}

/** The tables of kmod, which depmod writes from a tree with the selected modules. */
async function binaryTables(host: Host, kernel: string, { entries }: KernelModules): Promise<CpioEntry[]> {
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
