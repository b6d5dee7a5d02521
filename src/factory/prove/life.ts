import { FactoryError } from '../../common/errors/factory-error.ts';
import { LIFE_EVENTS, type LifeEvent } from '../../common/trust/proof.ts';
import { MODE_SCRIPT } from './node-checks.ts';
import type { ProofMachine } from './proof-machine.ts';

const STATE = '/run/initramfs/cos-state/cOS';
const NEXT = '/usr/local/kairos-proof.img';

/** Copies the running system to a file, so that an upgrade has a source without a network. */
const COPY = `set -e
slot=active
[ -e /run/cos/passive_mode ] && slot=passive
cp --sparse=always ${STATE}/$slot.img ${NEXT} 2>/dev/null || cp ${STATE}/$slot.img ${NEXT}`;

/** Changes the copy: a command finds its tree at /mnt. */
const changed = (command: string) => `${COPY}
mount -o loop ${NEXT} /mnt
{ ${command}; } || { umount /mnt; exit 1; }
umount /mnt
sync`;

const UPGRADE = `kairos-agent upgrade --source file:${NEXT} && rm -f ${NEXT} && sync`;

/** How one event is made to happen, and in which mode the system is afterwards. */
interface EventPlan {
  /** Scripts that prepare the event; each must succeed. */
  readonly scripts: readonly string[];
  readonly mode: 'active' | 'passive';
  /** Fails when the event left no trace. */
  readonly trace: string;
}

/** What happens in the machine for each event after the first boot. */
export const EVENT_PLANS: Readonly<Record<Exclude<LifeEvent, 'boot'>, EventPlan>> = {
  install: {
    scripts: [
      `printf '#cloud-config\\ninstall:\\n  device: auto\\n  nousers: true\\n' >/run/kairos-proof/install.yaml
kairos-agent manual-install /run/kairos-proof/install.yaml && sync`,
    ],
    mode: 'active',
    trace: '[ ! -e /run/cos/live_mode ]',
  },
  upgrade: {
    scripts: [changed('echo upgraded >/mnt/etc/kairos-proof'), UPGRADE],
    mode: 'active',
    trace: 'grep -x upgraded /etc/kairos-proof',
  },
  fallback: {
    scripts: [
      changed(
        `rm -f /mnt/sbin/init && printf '#!/bin/sh\\nexit 1\\n' >/mnt/sbin/init && chmod 755 /mnt/sbin/init`,
      ),
      UPGRADE,
    ],
    mode: 'passive',
    trace: 'ls /run/cos/upgrade_failure',
  },
  reset: {
    scripts: ['echo data >/usr/local/kairos-proof.data; kairos-agent bootentry --select statereset && sync'],
    mode: 'active',
    trace: '[ ! -e /usr/local/kairos-proof.data ]',
  },
};

/** Lets an event happen, and waits for the boot after it. @throws FactoryError `verification` when a step of it fails */
export async function live(machine: ProofMachine, event: Exclude<LifeEvent, 'boot'>): Promise<void> {
  for (const script of EVENT_PLANS[event].scripts) await succeed(machine, event, script);
  await machine.reboot(`the boot after ${event}`);
  if (event !== 'reset') return;
  // The recovery system answers too, before it resets the node and restarts it.
  for (;;) {
    const { status, output } = await machine.run(MODE_SCRIPT);
    if (status === 0 && !/^(recovery|autoreset)$/m.test(output)) return;
    await machine.booted('the boot after the reset by the recovery system');
  }
}

async function succeed(machine: ProofMachine, event: LifeEvent, script: string): Promise<void> {
  const { status, output } = await machine.run(script);
  if (status === 0) return;
  throw new FactoryError('BOOT_FAILED', `${event} failed in the machine with status ${status}`, {
    details: output.split('\n').slice(-15),
  });
}

/** Parses a list of events. @returns the events in their order. @throws FactoryError `usage` for an unknown one */
export function parseEvents(flag: string, text: string): LifeEvent[] {
  const words = text.split(',').map((word) => word.trim());
  const unknown = words.find((word) => !LIFE_EVENTS.some((event) => event === word));
  if (unknown !== undefined) {
    throw new FactoryError('OPTION_INVALID', `${flag}: "${unknown}" is not an event in the life of a node`, {
      remedy: `Choose from: ${LIFE_EVENTS.join(', ')}.`,
    });
  }
  return LIFE_EVENTS.filter((event) => words.includes(event));
}
