import { FactoryError } from '../../common/errors/factory-error.ts';

/** What asks a command to end: Ctrl-C, `kill`, and a terminal that is closed. */
const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Marks our listeners: programs that we start have listeners of their own (execa), which end nothing. */
const STOPS = Symbol('stops');

/**
 * Calls `stop` for each signal that asks this process to end. Whoever registers it ends the process when its work is undone.
 * @returns ends the registration when disposed of
 */
export function onStopSignal(stop: (name: NodeJS.Signals) => void): Disposable {
  const listener = Object.assign((name: NodeJS.Signals) => stop(name), { [STOPS]: true });
  for (const name of STOP_SIGNALS) process.on(name, listener);
  return {
    [Symbol.dispose]: () => {
      for (const name of STOP_SIGNALS) process.off(name, listener);
    },
  };
}

/** How many registrations of {@link onStopSignal} wait for a signal. */
export function stopListeners(name: NodeJS.Signals): number {
  return process.listeners(name).filter((listener) => STOPS in listener).length;
}

/** The error of a command that a signal ended. */
export function interruptedBy(name: NodeJS.Signals): FactoryError {
  return new FactoryError('INTERRUPTED', `interrupted by ${name}`, {
    remedy: 'Run the command again to continue.',
  });
}
