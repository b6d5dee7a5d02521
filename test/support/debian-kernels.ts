import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { execa } from 'execa';
import { TEST_HOME } from './factory.ts';
import { tool } from './tool.ts';

/** A kernel package of Debian, unpacked, with the tables of depmod. */
export interface DebianKernel {
  readonly name: string;
  /** The kernel's directory in `lib/modules` of a tree. */
  readonly modules: string;
}

const HOME = join(TEST_HOME, 'kernels');

const apts = new Map<string, ReturnType<typeof openApt>>();

/** An apt with the archive of another release, and no influence on the machine's own. */
function aptFor(suite: string): ReturnType<typeof openApt> {
  const apt = apts.get(suite) ?? openApt(suite);
  apts.set(suite, apt);
  return apt;
}

async function openApt(suite: string) {
  const home = join(HOME, suite);
  for (const path of ['state/lists/partial', 'cache/archives/partial', 'packages'])
    await mkdir(join(home, path), { recursive: true });
  await writeFile(join(home, 'state/status'), '');
  await writeFile(
    join(home, 'archive.sources'),
    `Types: deb\nURIs: http://deb.debian.org/debian\nSuites: ${suite}\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n`,
  );
  const settings = {
    'Dir::State': join(home, 'state'),
    'Dir::State::status': join(home, 'state/status'),
    'Dir::Cache': join(home, 'cache'),
    'Dir::Etc::sourcelist': join(home, 'archive.sources'),
    'Dir::Etc::sourceparts': '-',
    'APT::Architecture': 'amd64',
    'APT::Architectures': 'amd64',
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`]);
  await tool('apt-get', ...options, '-qq', 'update');
  return {
    depends: (name: string) => tool('apt-cache', ...options, 'depends', name),
    /** Downloads a package once, and unpacks it into a directory. */
    unpack: async (name: string, into: string) => {
      const uri = await tool('apt-get', ...options, '-qq', '--print-uris', 'download', name);
      const file = decodeURIComponent(/ (\S+\.deb) /.exec(uri)?.[1] ?? '');
      const place = join(home, 'packages');
      if (!existsSync(join(place, file)))
        await tool(
          'sh',
          '-c',
          'cd "$1" && shift && apt-get -qq "$@"',
          'sh',
          place,
          ...options,
          'download',
          name,
        );
      await tool('dpkg-deb', '-x', join(place, file), into);
      return file;
    },
  };
}

/** kmod and dracut of bookworm, because the machine need not have them. */
async function bookwormTools() {
  const apt = await aptFor('bookworm');
  const root = join(HOME, 'tools');
  for (const name of ['kmod', 'libkmod2', 'dracut-core', 'dracut-network']) await apt.unpack(name, root);
  const env = { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') };
  return {
    depmod: (base: string, kernel: string) =>
      execa(join(root, 'bin/kmod'), ['-b', base, kernel], { env, argv0: 'depmod' }),
    dracut: { root: join(root, 'usr/lib/dracut'), env },
  };
}

/** Fetches the newest kernel of a flavor from Debian's archive. @param flavor `amd64` or `cloud-amd64` */
export async function debianKernel(suite: string, flavor: string): Promise<DebianKernel> {
  const apt = await aptFor(suite);
  const name = /Depends: (linux-image-\d\S*)/.exec(await apt.depends(`linux-image-${flavor}`))?.[1];
  if (name === undefined) throw new Error(`linux-image-${flavor} of ${suite} depends on no kernel`);
  const kernel = name.replace('linux-image-', '');
  const tree = join(HOME, suite, kernel);
  const modules = join(tree, 'lib/modules', kernel);
  if (!existsSync(tree)) {
    const partial = `${tree}.partial`;
    await rm(partial, { recursive: true, force: true });
    await apt.unpack(name, partial);
    // Newer packages have the files below /usr.
    if (!existsSync(join(partial, 'lib'))) await tool('ln', '-s', 'usr/lib', join(partial, 'lib'));
    await (await bookwormTools()).depmod(partial, kernel);
    await rename(partial, tree);
  }
  return { name: kernel, modules };
}

/** What dracut's own selection, run as in a build for any machine, takes from a kernel. @returns paths as in `modules.dep` */
export async function dracutModules({ modules }: DebianKernel): Promise<string[]> {
  const { dracut } = await bookwormTools();
  const out = join(HOME, 'dracut', basename(modules));
  await rm(out, { recursive: true, force: true });
  await mkdir(out, { recursive: true });
  // The functions of dracut-init.sh that the modules call, and nothing of the rest, which reads the machine.
  const script = `
    DRACUT_ARCH=x86_64 DRACUT_INSTALL=${dracut.root}/dracut-install
    initdir=${out} srcmods=${modules} no_kernel=no hostonly= hostonly_mode= drivers= filesystems= dracutsysrootdir=
    inst_multiple() { :; }; optional_hostonly() { :; }; derror() { echo "$@" >&2; }
    eval "$(sed -n '/^dracut_instmods() {/,/^}/p;/^instmods() {/,/^}/p' ${dracut.root}/dracut-init.sh)"
    for name in 90kernel-modules 90kernel-network-modules; do
      . ${dracut.root}/modules.d/$name/module-setup.sh
      installkernel
    done`;
  await execa('bash', ['-c', script], { env: dracut.env });
  const files = await readdir(out, { recursive: true });
  const paths = files.filter((path) => /\.ko(\.xz)?$/.test(path));
  // Each is there twice where lib is a link.
  return [...new Set(paths.map((path) => path.slice(path.indexOf('kernel/'))))];
}
