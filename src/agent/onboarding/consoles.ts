import { appendFileSync } from 'node:fs';
import type { Host } from '../host/host.ts';

/**
 * A host whose log goes to all consoles of the kernel as well: an installation has to be seen on the screen and on the
 * serial line, whichever somebody looks at (kernel documentation, /sys/class/tty/console/active).
 */
export async function onConsoles(host: Host): Promise<Host> {
  const names = ((await host.readText('/sys/class/tty/console/active')) ?? '')
    .trim()
    .split(/\s+/)
    .filter(Boolean);
  return {
    ...host,
    log: (level, message) => {
      host.log(level, message);
      if (level === 'debug') return;
      for (const name of names) {
        try {
          appendFileSync(
            host.resolve(`/dev/${name}`),
            `kairos: ${level === 'info' ? '' : `${level}: `}${message}\r\n`,
          );
        } catch {
          // A console that is named and not there.
        }
      }
    },
  };
}
