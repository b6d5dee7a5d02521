import { LABEL } from './labels.ts';

/** The kernel arguments of a board (docs/contract.md 2.2). */
export interface BoardArguments {
  /** Serial consoles, each as the value of `console=`. */
  readonly consoles: readonly string[];
  /** Further arguments. */
  readonly arguments: readonly string[];
}

/** Arguments of every entry of an installed system (docs/contract.md 2.2). */
const COMMON = [
  'console=tty1',
  'net.ifnames=1',
  `rd.cos.oemlabel=${LABEL.oem}`,
  'rd.cos.oemtimeout=10',
  'panic=5',
  'rd.emergency=reboot',
  'rd.shell=0',
  'systemd.crash_reboot=yes',
] as const;

/**
 * Kernel arguments of each SELinux mode. Upstream's own images disable SELinux (docs/contract.md 2.2).
 */
const SELINUX = {
  disabled: 'selinux=0',
  permissive: 'selinux=1 enforcing=0',
  enforcing: 'selinux=1 enforcing=1',
} as const;

/**
 * Renders `/etc/cos/bootargs.cfg`: the GRUB fragment that sets `kernelcmd`. GRUB sources it from the image that it boots,
 * so that each slot has its own command line (docs/contract.md 2.1, 2.2). The menu sets `label`, `img` and
 * `recoverylabel`.
 */
export function bootargs(board: BoardArguments, selinux: keyof typeof SELINUX = 'disabled'): string {
  const before = [...consoleArguments(board.consoles), ...COMMON].join(' ');
  const after = [SELINUX[selinux], ...board.arguments].join(' ');
  return [
    '# Sourced by the boot menu out of the image that is about to boot.',
    'set kernel=/boot/vmlinuz',
    'set initramfs=/boot/initrd',
    'if [ -n "$recoverylabel" ]; then',
    `  set kernelcmd="${before} root=live:LABEL=$recoverylabel rd.live.dir=/ rd.live.squashimg=$img ${after}"`,
    'else',
    `  set kernelcmd="${before} root=LABEL=$label cos-img/filename=$img ${after}"`,
    'fi',
    '',
  ].join('\n');
}

/**
 * Returns the kernel arguments that the live menu adds (docs/contract.md 3.3): the consoles, and the board's arguments as
 * on an installed system, which runs the same kernel.
 */
export function liveConsole(board: BoardArguments): string {
  return [...consoleArguments(board.consoles), 'console=tty1', ...board.arguments].join(' ');
}

function consoleArguments(consoles: readonly string[]): string[] {
  return consoles.map((console) => `console=${console}`);
}
