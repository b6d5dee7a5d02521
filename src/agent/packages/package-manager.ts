import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';

/** A package manager and its arguments for each operation. */
export interface PackageManager {
  readonly program: 'apt-get' | 'dnf' | 'zypper' | 'apk' | 'pacman';
  readonly env: Readonly<Record<string, string>>;
  readonly refresh: readonly string[];
  readonly upgrade: readonly string[];
  readonly install: readonly string[];
  readonly remove: readonly string[];
}

/** All run without prompts, and without installing recommended packages (docs/contract.md 4.7). */
const MANAGERS: readonly PackageManager[] = [
  {
    program: 'apt-get',
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    refresh: ['-y', 'update'],
    upgrade: ['-y', '--no-install-recommends', 'upgrade'],
    install: ['-y', '--no-install-recommends', 'install'],
    remove: ['-y', 'remove'],
  },
  {
    program: 'dnf',
    env: {},
    refresh: ['-y', 'makecache'],
    upgrade: ['-y', '--setopt=install_weak_deps=False', 'upgrade'],
    install: ['-y', '--setopt=install_weak_deps=False', 'install'],
    remove: ['-y', 'remove'],
  },
  {
    program: 'zypper',
    env: {},
    refresh: ['--non-interactive', 'refresh'],
    upgrade: ['--non-interactive', 'update', '--no-recommends'],
    install: ['--non-interactive', 'install', '--no-recommends'],
    remove: ['--non-interactive', 'remove'],
  },
  {
    program: 'apk',
    env: {},
    refresh: ['update'],
    upgrade: ['upgrade', '--no-cache'],
    install: ['add', '--no-cache'],
    remove: ['del', '--no-cache'],
  },
  {
    program: 'pacman',
    env: {},
    refresh: ['-Sy', '--noconfirm'],
    upgrade: ['-Su', '--noconfirm'],
    install: ['-S', '--noconfirm', '--needed'],
    remove: ['-R', '--noconfirm'],
  },
];

/** Detects the package manager of the node. @throws FactoryError `tool` when none is supported */
export async function detectPackageManager(host: Host): Promise<PackageManager> {
  for (const manager of MANAGERS) if (await host.has(manager.program)) return manager;
  throw new FactoryError('TOOL_MISSING', 'this system has no supported package manager', {
    remedy: `Use an image with one of ${MANAGERS.map(({ program }) => program).join(', ')}.`,
  });
}
