import { appendFileSync } from 'node:fs';
import type { Host } from '../../common/host/host.ts';

/** Returns a function that prints a line on all kernel consoles (kernel documentation, /sys/class/tty/console/active). */
export async function consoleWriter(host: Host): Promise<(line: string) => void> {
  const active = (await host.readText('/sys/class/tty/console/active')) ?? '';
  const names = active.trim().split(/\s+/).filter(Boolean);
  return (line) => {
    for (const name of names) {
      try {
        appendFileSync(host.resolve(`/dev/${name}`), `kairos: ${line}\r\n`);
      } catch {
        // The device of an active console may be missing.
      }
    }
  };
}

/**
 * Returns a host whose log also goes to all consoles, so that an installation is visible on the screen and on the serial
 * line.
 */
export async function onConsoles(host: Host): Promise<Host> {
  const print = await consoleWriter(host);
  return {
    ...host,
    log: (level, message) => {
      host.log(level, message);
      if (level !== 'debug') print(level === 'info' ? message : `${level}: ${message}`);
    },
  };
}
