import type { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../common/errors/factory-error.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander types each command by its own options
type AnyCommand = Command<any, any>;

/** Commands that change the node, or read what only root may read. Flags that make one harmless follow it. */
const FOR_ROOT: Readonly<Record<string, readonly string[]>> = {
  install: [],
  'manual-install': [],
  'interactive-install': [],
  upgrade: [],
  reset: [],
  'run-stage': ['analyze'],
  doctor: [],
  bootentry: [],
  grubedit: [],
  'grubedit set': [],
  'sysext install': [],
  'sysext enable': [],
  'sysext disable': [],
  'sysext remove': [],
  'confext install': [],
  'confext enable': [],
  'confext disable': [],
  'confext remove': [],
  'install-bundle': [],
};

/** The words that call a command, without the name of the program. */
export function pathOf(command: AnyCommand): string {
  const { parent } = command;
  return parent === null ? '' : `${pathOf(parent)} ${command.name()}`.trim();
}

/** Whether a command is for root only. */
export function isForRoot(command: AnyCommand): boolean {
  const path = pathOf(command);
  if (!Object.hasOwn(FOR_ROOT, path)) return false;
  return !FOR_ROOT[path]?.some((flag) => command.opts()[flag]);
}

/**
 * Refuses a command for root before it does anything: half-way through, it would fail at a file whose name explains nothing.
 * @param uid the user that runs the agent; undefined when it is not known
 * @throws FactoryError `step` for any other user
 */
export function requireRoot(command: AnyCommand, uid: number | undefined): void {
  if (uid === undefined || uid === 0 || !isForRoot(command)) return;
  const call = `kairos-agent ${pathOf(command)}`;
  throw new FactoryError('PERMISSION_DENIED', `"${call}" is for root`, {
    remedy: `Run it as root: sudo ${call} …`,
  });
}
