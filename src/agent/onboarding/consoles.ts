import { appendFileSync } from 'node:fs';
import type { Host } from '../../common/host/host.ts';

/** Prints a line on all consoles of the kernel (kernel documentation, /sys/class/tty/console/active). */
export async function consoleWriter(host: Host): Promise<(line: string) => void> {
  const active = (await host.readText('/sys/class/tty/console/active')) ?? '';
  const names = active.trim().split(/\s+/).filter(Boolean);
  return (line) => {
    for (const name of names) {
      try {
        appendFileSync(host.resolve(`/dev/${name}`), `kairos: ${line}\r\n`);
      } catch {
        // A console that is named and not there.
      }
    }
  };
}

/**
 * A host whose log goes to all consoles as well: an installation has to be seen on the screen and on the serial line,
 * whichever somebody looks at.
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
