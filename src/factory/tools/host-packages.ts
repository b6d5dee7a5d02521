import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { MANAGERS, type ManagerName, packageName } from './package-names.ts';

/** A package manager, and the distributions that use it (os-release(5), `ID`). */
interface Manager {
  readonly program: string;
  readonly install: string;
  /** Flags of an installation that asks nothing and installs nothing else. */
  readonly unattended: readonly string[];
  readonly distributions: readonly string[];
}

const FACTS: Readonly<Record<ManagerName, Manager>> = {
  apt: {
    program: 'apt-get',
    install: 'install',
    unattended: ['-y', '--no-install-recommends'],
    distributions: ['debian', 'ubuntu'],
  },
  dnf: {
    program: 'dnf',
    install: 'install',
    unattended: ['-y', '--setopt=install_weak_deps=False'],
    distributions: ['fedora', 'rhel', 'centos'],
  },
  zypper: {
    program: 'zypper',
    install: 'install',
    unattended: ['-y', '--no-recommends'],
    distributions: ['suse', 'opensuse'],
  },
  apk: { program: 'apk', install: 'add', unattended: [], distributions: ['alpine'] },
  pacman: {
    program: 'pacman',
    install: '-S',
    unattended: ['--needed', '--noconfirm'],
    distributions: ['arch'],
  },
};

/** The distribution of a build machine. */
export interface HostSystem {
  /** Its name for people. */
  readonly name: string;
  /** `undefined` for a distribution with none of the known package managers. */
  readonly manager: ManagerName | undefined;
  /** Whether programs must be installed through sudo(8). */
  readonly needsSudo: boolean;
}

/** What {@link hostSystem} looks at; the real machine by default. */
export interface SystemSources {
  /** Text of `/etc/os-release`. */
  readonly osRelease?: string;
  /** Whether a program is in a directory of the system. */
  readonly hasProgram?: (name: string) => boolean;
  readonly isRoot?: boolean;
}

/** Describes the distribution of this machine, by its os-release, else by the package manager that it has. */
export function hostSystem({
  osRelease = readOsRelease(),
  hasProgram = isInstalled,
  isRoot = isRealRoot(),
}: SystemSources = {}): HostSystem {
  const release = parseOsRelease(osRelease);
  const ids = [release.get('ID') ?? '', ...(release.get('ID_LIKE') ?? '').split(/\s+/)];
  const byId = MANAGERS.find((name) => FACTS[name].distributions.some((known) => ids.includes(known)));
  const manager = byId ?? MANAGERS.find((name) => hasProgram(FACTS[name].program));
  return { name: release.get('PRETTY_NAME') ?? 'Linux', manager, needsSudo: !isRoot };
}

/** What installs some packages on a machine. */
export interface Installation {
  /** The command for a person, as words; `undefined` when nothing can be installed. */
  readonly command: readonly string[] | undefined;
  /** The same command for a program: it asks nothing, and installs nothing else. */
  readonly unattended: readonly string[] | undefined;
  /** Packages of Debian that this distribution lacks. */
  readonly absent: readonly string[];
}

/** Derives the one command that installs packages. @param packages names of Debian */
export function installation(packages: readonly string[], system: HostSystem): Installation {
  const { manager, needsSudo } = system;
  const wanted = [...new Set(packages)].sort();
  const names = wanted.map((name) => [name, manager && packageName(name, manager)] as const);
  const absent = names.flatMap(([name, found]) => (found === undefined ? [name] : []));
  const found = names.flatMap(([, name]) => name?.split(' ') ?? []);
  if (manager === undefined || found.length === 0)
    return { command: undefined, unattended: undefined, absent };
  const { program, install, unattended } = FACTS[manager];
  const words = [...(needsSudo ? ['sudo'] : []), program, install];
  return { command: [...words, ...found], unattended: [...words, ...unattended, ...found], absent };
}

/** A sentence that says how to install packages. @param packages names of Debian */
export function installAdvice(packages: readonly string[], system: HostSystem = hostSystem()): string {
  const { command, absent } = installation(packages, system);
  const it = packages.length > 1 ? 'them' : 'it';
  const is = absent.length > 1 ? 'are' : 'is';
  if (command === undefined)
    return `Install ${it}: on Debian, ${packages.join(', ')}; no package of ${system.name} is known.`;
  const others = absent.length > 0 ? `; ${absent.join(', ')} (Debian) ${is} not packaged here` : '';
  return `Install ${it}: ${command.join(' ')}${others}`;
}

function readOsRelease(): string {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      // The other place is for systems without /etc/os-release.
    }
  }
  return '';
}

function isInstalled(program: string): boolean {
  return ['/usr/bin', '/sbin', '/bin', '/usr/sbin'].some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** In a user namespace, user 0 is an ordinary user of the host, and not all of the host's users are mapped. */
function isRealRoot(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    return /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'));
  } catch {
    return true;
  }
}
