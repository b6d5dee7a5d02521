import { quoteWord } from '../../common/text/shell-word.ts';

/** The command line of a program with its arguments, for a POSIX shell. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoteWord).join(' ');
}

/**
 * The command line that runs a script as root: with `sudo -n`, which never asks, unless root has logged in. It works in whatever
 * shell the account has, because that one sees only quoted words.
 */
export function asRoot(script: string): string {
  const guarded = `if [ "$(id -u)" -eq 0 ]; then exec sh -c "$1"; else exec sudo -n sh -c "$1"; fi`;
  return commandLine(['sh', '-c', guarded, 'rollout', script]);
}

/** Prints what `parseObservation` reads. */
export const OBSERVE = [
  'cat /proc/sys/kernel/random/boot_id',
  'if [ -d /run/systemd/system ]; then systemctl is-system-running 2>/dev/null || true; else echo; fi',
  'exec kairos-agent state summary --json',
].join(' && ');

/**
 * Reboots, under whichever service manager, unless the node has rebooted since it was looked at: a second reboot would break off the
 * first boot of the new system, which then counts as failed.
 */
export function rebootCommand(bootId: string): string {
  return [
    `[ "$(cat /proc/sys/kernel/random/boot_id)" = ${quoteWord(bootId)} ] || exit 0`,
    'if [ -d /run/systemd/system ]; then exec systemctl reboot; else exec reboot; fi',
  ].join('\n');
}

/** Upgrades to an image, which the node verifies by its own policy. */
export function upgradeCommand({
  pinned,
  insecure,
}: {
  readonly pinned: string;
  readonly insecure: boolean;
}): string {
  const flags = insecure ? ['--allow-insecure-registries'] : [];
  return commandLine(['kairos-agent', 'upgrade', '--source', `oci:${pinned}`, ...flags]);
}

/** Asks a web address on the node, and prints the status. */
export function curlCommand(url: string): string {
  const options = [
    '--silent',
    '--show-error',
    '--max-time',
    '10',
    '--output',
    '/dev/null',
    '--write-out',
    '%{http_code}',
  ];
  return commandLine(['curl', ...options, '--', url]);
}
