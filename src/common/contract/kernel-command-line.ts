import { LABEL } from './labels.ts';

/** What a board adds to the command line (docs/contract.md 2.2). */
export interface BoardArguments {
  /** Serial consoles, each as the value of a `console=`. */
  readonly consoles: readonly string[];
  /** Further arguments. */
  readonly arguments: readonly string[];
}

/** Arguments that every installed entry carries (docs/contract.md 2.2). */
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
 * SELinux on the node, as its kernel parameters say it. The contract's own images have it off (docs/contract.md 2.2).
 */
const SELINUX = {
  disabled: 'selinux=0',
  permissive: 'selinux=1 enforcing=0',
  enforcing: 'selinux=1 enforcing=1',
} as const;

/**
 * `/etc/cos/bootargs.cfg`: the GRUB fragment that sets `kernelcmd`, sourced from inside the image that boots, so that
 * each slot brings its own command line (docs/contract.md 2.1, 2.2). GRUB's `label`, `img` and `recoverylabel` are set
 * by the menu.
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
 * What the live menu is filled with: the arguments of the board (docs/contract.md 3.3). Those that are no consoles are
 * those of an installed system: the same kernel runs.
 */
export function liveConsole(board: BoardArguments): string {
  return [...consoleArguments(board.consoles), 'console=tty1', ...board.arguments].join(' ');
}

function consoleArguments(consoles: readonly string[]): string[] {
  return consoles.map((console) => `console=${console}`);
}
