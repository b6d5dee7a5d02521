import { appendFileSync, mkdirSync } from 'node:fs';
import type { Level } from '../../common/host/host.ts';

/** Operations with a persistent log (docs/contract.md 5.3). */
const KEPT = ['install', 'manual-install', 'interactive-install', 'upgrade', 'reset'];
const DIRECTORY = '/var/log/kairos';

/**
 * Creates the log of a run: lines on standard error and, for operations on the slots, also in a file of /var/log/kairos.
 * @param argv arguments of the process; `--debug` also shows debug messages, such as every program that is run
 */
export function createLog(argv: readonly string[]): (level: Level, message: string) => void {
  const debug = argv.includes('--debug');
  const command = argv.slice(2).find((word) => !word.startsWith('-')) ?? '';
  const file = KEPT.includes(command) && process.getuid?.() === 0 ? `${DIRECTORY}/${command}.log` : undefined;
  return (level, message) => {
    const line = level === 'info' ? message : `${level}: ${message}`;
    if (level !== 'debug' || debug) process.stderr.write(`${line}\n`);
    if (file === undefined) return;
    try {
      mkdirSync(DIRECTORY, { recursive: true });
      appendFileSync(file, `${new Date().toISOString()} ${level} ${message}\n`, { mode: 0o640 });
    } catch {
      // A log that cannot be written must not stop the operation.
    }
  };
}
