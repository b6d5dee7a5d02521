import type { Host } from '../../common/host/host.ts';

/** Milliseconds in which a person can still interrupt (docs/contract.md 5.3). */
const GRACE = 5000;

/** What a node does at the end of an operation. */
export interface FinishOptions {
  /** `undefined` leaves the machine running. */
  readonly action: 'reboot' | 'poweroff' | undefined;
  /** Eject the boot medium. */
  readonly ejectMedium?: boolean;
}

/** Ends an operation: syncs, ejects the medium, and reboots or powers off as requested. */
export async function finish(host: Host, { action, ejectMedium = false }: FinishOptions): Promise<void> {
  await host.run('sync', []);
  if (ejectMedium && (await host.has('eject'))) await host.run('eject', ['-m'], { allowFailure: true });
  if (action === undefined) return;
  host.log('info', `${action === 'reboot' ? 'Rebooting' : 'Powering off'} in ${GRACE / 1000} seconds`);
  await host.sleep(GRACE);
  if ((await host.stat('/run/systemd/system')) !== undefined) await host.run('systemctl', [action]);
  else await host.run(action, []);
}
