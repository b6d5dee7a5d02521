import type { Host } from '../../common/host/host.ts';

/** Milliseconds in which a person can still stop what comes (docs/contract.md 5.3). */
const GRACE = 5000;

/** What a node does when an operation has come to its end. */
export interface FinishOptions {
  /** Neither, where it is absent. */
  readonly action: 'reboot' | 'poweroff' | undefined;
  /** Eject the medium that the machine was started from. */
  readonly ejectMedium?: boolean;
}

/** Ends an operation: ejects the medium, restarts, or switches the machine off. */
export async function finish(host: Host, { action, ejectMedium = false }: FinishOptions): Promise<void> {
  await host.run('sync', []);
  if (ejectMedium && (await host.has('eject'))) await host.run('eject', ['-m'], { allowFailure: true });
  if (action === undefined) return;
  host.log('info', `${action === 'reboot' ? 'Restarting' : 'Switching off'} in ${GRACE / 1000} seconds`);
  await host.sleep(GRACE);
  if ((await host.stat('/run/systemd/system')) !== undefined) await host.run('systemctl', [action]);
  else await host.run(action, []);
}
