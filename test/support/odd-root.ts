import { cp, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { tool } from './tool.ts';

/** Copies programs of this machine into a root, with their shared libraries. */
export async function copyPrograms(root: string, programs: readonly string[]): Promise<void> {
  for (const program of programs) {
    const libraries = (await tool('ldd', program)).matchAll(/(\/\S+) \(0x/g);
    for (const file of [program, ...[...libraries].map(([, library]) => library ?? '')]) {
      await mkdir(dirname(join(root, file)), { recursive: true });
      await cp(file, join(root, file), { dereference: true, force: true });
    }
  }
}

/** The timestamp of the root that {@link makeOdd} records. */
const EPOCH = 1_750_000_000;

/**
 * Adds to a root what builders tend to lose or change: hard links, special modes, owners, capabilities, old and new times,
 * engine files in `/etc`, and content of volatile directories.
 */
export async function makeOdd(root: string): Promise<void> {
  const script = `
    cd "$1"
    mkdir -p usr/lib/kairos var/tmp/x srv/d home/u
    echo ${EPOCH} >usr/lib/kairos/source-date-epoch
    echo a >srv/one
    ln srv/one srv/two
    ln srv/one usr/bin/three
    chmod 4755 srv/one
    touch -d @1600000000 srv/one
    echo b >"srv/a name"
    chown 5:6 "srv/a name"
    chmod 0640 "srv/a name"
    setcap cap_net_raw+ep "srv/a name"
    chown 1000:1000 home/u
    chmod 0700 home/u dev proc
    touch -d @1000000000 srv/d
    ln -s /nowhere srv/link
    for name in etc/hosts etc/hostname etc/resolv.conf etc/mtab tmp/mine var/tmp/x/mine; do echo mine >"$name"; done
  `;
  await tool('sh', '-ec', script, 'sh', root);
}

/**
 * Lists a tree as lines: names, types, modes, owners, times in seconds, targets, link counts, content and capabilities.
 * Omits the root directory, which engines do not preserve.
 */
export async function listTree(root: string): Promise<string[]> {
  const script = `
    cd "$1"
    find . -mindepth 1 -type d -printf '%p d %#m %U %G %Ts\\n' | sort
    find . -mindepth 1 ! -type d -printf '%p %y %#m %U %G %Ts %n %l\\n' | sort
    find . -type f | sort | xargs -d '\\n' sha256sum
    getcap -r . | sort
  `;
  return (await tool('sh', '-ec', script, 'sh', root)).split('\n');
}
