import { LABEL } from './labels.ts';

/** Boards that the contract knows by name (contract 2.2, 6.1). */
export const MODELS = ['generic'] as const;
export type Model = (typeof MODELS)[number];

/** Console arguments by board (contract 2.2). */
const CONSOLE: Readonly<Record<Model, string>> = { generic: 'console=ttyS0' };

/** Arguments that every installed entry carries (contract 2.2). */
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

/** SELinux on the node, as its kernel parameters say it. The contract's own images have it off (contract 2.2). */
const SELINUX = {
  disabled: 'selinux=0',
  permissive: 'selinux=1 enforcing=0',
  enforcing: 'selinux=1 enforcing=1',
} as const;

/**
 * `/etc/cos/bootargs.cfg`: the GRUB fragment that sets `kernelcmd`, sourced from inside the image that boots, so that
 * each slot brings its own command line (contract 2.1, 2.2). GRUB's `label`, `img` and `recoverylabel` are set by the menu.
 */
export function bootargs(model: Model, selinux: keyof typeof SELINUX = 'disabled'): string {
  const before = [CONSOLE[model], ...COMMON].join(' ');
  return [
    '# Sourced by the boot menu out of the image that is about to boot.',
    'set kernel=/boot/vmlinuz',
    'set initramfs=/boot/initrd',
    'if [ -n "$recoverylabel" ]; then',
    `  set kernelcmd="${before} root=live:LABEL=$recoverylabel rd.live.dir=/ rd.live.squashimg=$img ${SELINUX[selinux]}"`,
    'else',
    `  set kernelcmd="${before} root=LABEL=$label cos-img/filename=$img ${SELINUX[selinux]}"`,
    'fi',
    '',
  ].join('\n');
}

/** What the live menu is filled with: the console arguments of the board (contract 3.3). */
export function liveConsole(model: Model): string {
  return `${CONSOLE[model]} console=tty1`;
}
