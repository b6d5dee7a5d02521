import type { Host } from '../../common/host/host.ts';

/** Milliseconds in which a person can still stop what comes (docs/contract.md 5.3). */
const GRACE = 5000;

/** What a node does when an operation has come to its end: restart, switch itself off, or neither. */
export async function finish(
  host: Host,
  how: 'reboot' | 'poweroff' | undefined,
  ejectMedium = false,
): Promise<void> {
  await host.run('sync', []);
  if (ejectMedium && (await host.has('eject'))) await host.run('eject', ['-m'], { allowFailure: true });
  if (how === undefined) return;
  host.log('info', `${how === 'reboot' ? 'Restarting' : 'Switching off'} in ${GRACE / 1000} seconds`);
  await host.sleep(GRACE);
  if ((await host.stat('/run/systemd/system')) !== undefined) await host.run('systemctl', [how]);
  else await host.run(how, []);
}
