import { lstat, open, readdir, stat } from 'node:fs/promises';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHES, ARCHITECTURES } from './architectures.ts';
import { lackingKernelOptions } from './boot-files.ts';
import { DEFAULT_ARCH, type ExaminedRoot } from './examine-root.ts';
import { HOST_PROGRAMS, PROGRAM_DIRECTORIES } from './host-programs.ts';
import { identityFrom, REQUIRED_RELEASE_KEYS } from './kairos-release.ts';
import { identityProblem } from './name-part.ts';
import { requiredDirectories } from './system-layout.ts';

/** A conformance rule for OS images. */
export interface ConformanceRule {
  /** The name of the rule in reports. */
  readonly id: string;
  /** An image that violates a `required` rule is not an OS; violations of `advisory` rules are only reported. */
  readonly severity: 'required' | 'advisory' | 'required unless bare';
  /** Whether the rule applies to a root; it applies to all when absent. */
  readonly appliesTo?: (root: ExaminedRoot) => boolean;
  /** The text of a report on a root that satisfies the rule. */
  readonly found: string | ((root: ExaminedRoot) => string);
  /** Checks a root. Returns the problem and its remedy; `undefined` when the root satisfies the rule. */
  readonly problem: (root: ExaminedRoot) => string | undefined | Promise<string | undefined>;
}

/** Programs that every image must have (docs/contract.md 5.10). */
const PROGRAMS = [
  'kairos-agent',
  ...HOST_PROGRAMS.filter(({ required }) => required).map(({ name }) => name),
];
const KERNEL_OPTIONS = ['CONFIG_SQUASHFS_ZSTD', 'CONFIG_OVERLAY_FS', 'CONFIG_BLK_DEV_LOOP'];
const DIRECTORIES = requiredDirectories([]);

/** The first bytes of an uncompressed cpio archive, and of each compression that kernels support. */
const INITRAMFS_MAGIC = ['070701', '\x1f\x8b', '\xfd7zXZ', '\x28\xb5\x2f\xfd', '\x02!L\x18'];

const unless = (holds: boolean, problem: string) => (holds ? undefined : problem);

function hasFile(
  id: string,
  path: string,
  rule: Pick<ConformanceRule, 'severity'> & { readonly otherwise: string },
): ConformanceRule {
  return {
    id,
    severity: rule.severity,
    found: path,
    problem: async ({ has }) => unless(await has(path), `${path} is missing: ${rule.otherwise}`),
  };
}

/** The rules, in the order of a report (docs/contract.md 6.9). */
export const CONFORMANCE_RULES: readonly ConformanceRule[] = [
  hasFile('os-release', '/etc/os-release', {
    severity: 'required',
    otherwise: 'the base is not a distribution',
  }),
  hasFile('init', '/sbin/init', { severity: 'required', otherwise: 'install an init system' }),
  hasFile('shell', '/bin/sh', {
    severity: 'required unless bare',
    otherwise: 'the image cannot run as a container',
  }),
  {
    id: 'architecture',
    severity: 'required',
    // A missing architecture is reported by the rule `kairos-release`.
    appliesTo: ({ statedArch }) => Boolean(statedArch),
    found: ({ statedArch = '' }) => statedArch,
    problem: ({ arch, statedArch, programArch }) => {
      if (arch === undefined) return `KAIROS_ARCH is ${statedArch}; supported are ${ARCHES.join(', ')}`;
      return unless(
        programArch === undefined || programArch === statedArch,
        `KAIROS_ARCH is ${statedArch}, but the programs are for ${programArch}: correct /etc/kairos-release`,
      );
    },
  },
  {
    id: 'kernel',
    severity: 'required',
    found: '/boot/vmlinuz',
    problem: ({ boot }) =>
      unless(boot.kernel !== undefined, '/boot/vmlinuz is missing or a broken link: install a kernel'),
  },
  {
    id: 'initramfs',
    severity: 'required',
    found: '/boot/initrd',
    problem: async ({ boot }) => {
      const size = boot.initrd === undefined ? 0 : (await lstat(boot.initrd)).size;
      return unless(size > 0, '/boot/initrd is missing or empty: it is made when the image is built');
    },
  },
  {
    id: 'kernel options',
    severity: 'required',
    found: 'the kernel has squashfs with zstd, overlay and loop',
    problem: async ({ path }) => {
      const lacking = await lackingKernelOptions(path, KERNEL_OPTIONS);
      return unless(lacking.length === 0, `the kernel lacks ${lacking.join(', ')}: use another kernel`);
    },
  },
  ...['/etc/cos/grub.cfg', '/etc/cos/bootargs.cfg'].map((path) =>
    hasFile('boot menu', path, { severity: 'required', otherwise: 'the disk would have no boot menu' }),
  ),
  {
    id: 'UEFI boot',
    severity: 'advisory',
    found: 'shim and signed GRUB',
    problem: ({ boot }) =>
      unless(
        boot.shim !== undefined && boot.grub !== undefined,
        'shim or signed GRUB is missing: no Secure Boot',
      ),
  },
  {
    id: 'BIOS boot',
    severity: 'advisory',
    appliesTo: ({ arch = DEFAULT_ARCH }) => ARCHITECTURES[arch].bios,
    found: 'GRUB modules for i386-pc',
    problem: ({ boot }) =>
      unless(boot.biosModules !== undefined, 'GRUB modules for i386-pc are missing: no BIOS boot'),
  },
  {
    id: 'GRUB fonts',
    severity: 'advisory',
    found: 'GRUB fonts',
    problem: ({ boot }) =>
      unless(boot.fonts.length > 0, 'GRUB fonts are missing: the menu is shown in plain text'),
  },
  {
    id: 'kairos-release',
    severity: 'required',
    found: '/etc/kairos-release has all keys',
    problem: ({ release }) => {
      const missing = REQUIRED_RELEASE_KEYS.filter((key) => !release.keys.get(key));
      return unless(missing.length === 0, `/etc/kairos-release lacks ${missing.join(', ')}`);
    },
  },
  {
    id: 'kairos-release names',
    // The factory makes no files with such names; a node runs such a system.
    severity: 'advisory',
    found: 'the values can be part of file names',
    problem: ({ release }) => {
      const problem = identityProblem(identityFrom(release.keys));
      return problem === undefined ? undefined : `/etc/kairos-release: ${problem}`;
    },
  },
  {
    id: 'kairos-release quoting',
    severity: 'required',
    found: 'values are quoted',
    problem: ({ release }) =>
      unless(
        /^KAIROS_RELEASE="[^"]*"$/m.test(release.text),
        'KAIROS_RELEASE is not in double quotes, which other tools expect',
      ),
  },
  {
    id: 'directories',
    severity: 'required',
    found: `${DIRECTORIES.length} directories of the layout`,
    problem: async ({ has }) => {
      const absent = await absentOf(DIRECTORIES, has);
      return unless(
        absent.length === 0,
        `missing directories: ${absent.join(' ')}; mounts on them are skipped at boot`,
      );
    },
  },
  {
    id: 'programs',
    severity: 'required unless bare',
    found: PROGRAMS.join(' '),
    problem: async ({ has }) => {
      const isSomewhere = async (program: string) => {
        const places = PROGRAM_DIRECTORIES.map((directory) => `${directory}/${program}`);
        return (await absentOf(places, has)).length < places.length;
      };
      const absent = await absentOf(PROGRAMS, isSomewhere);
      return unless(absent.length === 0, `missing programs: ${absent.join(' ')}`);
    },
  },
  {
    id: 'host keys',
    severity: 'required',
    found: 'no SSH host keys',
    problem: async ({ path }) => {
      const ssh = await resolveInRoot(path, '/etc/ssh');
      const names = ssh === undefined ? [] : await readdir(ssh);
      const keys = names.filter((name) => /^ssh_host_.*_key$/.test(name));
      return unless(keys.length === 0, `SSH host keys in the image: ${keys.join(' ')}`);
    },
  },
  {
    id: 'machine-id',
    severity: 'required',
    found: 'no machine-id',
    problem: async ({ path }) => {
      const file = await resolveInRoot(path, '/etc/machine-id');
      const isEmpty = file === undefined || (await stat(file)).size === 0;
      return unless(isEmpty, '/etc/machine-id is not empty: every node would be the same machine');
    },
  },
  {
    id: 'initramfs format',
    severity: 'required',
    appliesTo: ({ boot }) => boot.initrd !== undefined,
    found: 'an archive that the kernel can read',
    problem: async ({ boot }) =>
      unless(await isInitramfs(boot.initrd ?? ''), '/boot/initrd is not an initramfs'),
  },
];

async function absentOf(
  names: readonly string[],
  isThere: (name: string) => Promise<boolean>,
): Promise<string[]> {
  const present = await Promise.all(names.map(isThere));
  return names.filter((_, index) => !present[index]);
}

async function isInitramfs(file: string): Promise<boolean> {
  await using handle = await open(file);
  const { buffer } = await handle.read(Buffer.alloc(6), 0, 6, 0);
  const start = buffer.toString('latin1');
  return INITRAMFS_MAGIC.some((magic) => start.startsWith(magic));
}
