import type { RootSelection } from '../root/root-view.ts';

/** Directories whose entries are listed. */
const ENTERED = new Set([
  '',
  'boot',
  'etc',
  'etc/cos',
  'etc/kairos',
  'etc/ssh',
  'lib',
  'lib/apk',
  'lib/apk/db',
  'lib/modules',
  'system',
  'system/oem',
  'usr',
  'usr/bin',
  'usr/lib',
  'usr/lib/apk',
  'usr/lib/apk/db',
  'usr/lib/extension-release.d',
  'usr/lib/kairos',
  'usr/lib/modules',
  'usr/lib/sysimage',
  'usr/lib/sysimage/rpm',
  'var',
  'var/lib',
  'var/lib/dpkg',
  'var/lib/dpkg/status.d',
  'var/lib/rpm',
]);
const MIB = 1024 * 1024;
/** Files to read, with the largest size in bytes: a larger one is not what its name says. */
const KEPT: readonly (readonly [path: RegExp, limit: number])[] = [
  [/^(etc|usr\/lib)\/os-release$|^etc\/(kairos-release|machine-id)$|^etc\/cos\/\w+\.cfg$/, MIB],
  [/^usr\/lib\/kairos\/source-date-epoch$|^usr\/lib\/extension-release\.d\//, MIB],
  [/^boot\/(initrd|initramfs)/, 256 * MIB],
  [/^var\/lib\/dpkg\/(status$|status\.d\/)|^(usr\/)?lib\/apk\/db\/installed$/, 256 * MIB],
  [/^(var\/lib|usr\/lib\/sysimage)\/rpm\/(rpmdb\.sqlite(-wal)?|Packages(\.db)?)$/, 256 * MIB],
  // Links between directories of a root, and to the kernel.
  [/^[^/]+$|^boot\/vmlinuz$|^boot\/Image$|^usr\/lib\/sysimage$/, 0],
];

/** The agent (docs/contract.md 6.4). */
export const AGENT = 'usr/bin/kairos-agent';

/** What `inspect` reads of a root filesystem. */
export const SYSTEM_FILES: RootSelection = {
  enters: (path) => ENTERED.has(path),
  // A large program: its digest is enough.
  hashes: (path) => path === AGENT,
  keeps: (path, size) => KEPT.some(([pattern, limit]) => size <= limit && pattern.test(path)),
};
